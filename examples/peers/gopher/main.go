package main

import (
	"bufio"
	"encoding/gob"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
)

// Packet is what goes over the wire.
type Packet struct {
	Port int
	Text string
}

// Hole is a connection to another gopher.
type Hole struct {
	id   int
	conn net.Conn
	enc  *gob.Encoder
	dec  *gob.Decoder
	ip   string
	port int
}

var (
	port   int
	holes  []*Hole
	lastID int
	events = make(chan func()) // all that touches holes runs in main
)

func dig(conn net.Conn) *Hole {
	ip := conn.RemoteAddr().(*net.TCPAddr).IP.String()
	return &Hole{conn: conn, enc: gob.NewEncoder(conn), dec: gob.NewDecoder(conn), ip: ip}
}

func keep(h *Hole) {
	lastID++
	h.id = lastID
	holes = append(holes, h)
	go follow(h)
}

func follow(h *Hole) {
	for {
		var p Packet
		if err := h.dec.Decode(&p); err != nil {
			break
		}
		events <- func() { fmt.Printf("%d <- %s:%d <- %s\n", h.id, h.ip, h.port, p.Text) }
	}
	events <- func() {
		if fill(h) {
			fmt.Printf("%d -- %s:%d -- lost\n", h.id, h.ip, h.port)
		}
	}
}

func fill(h *Hole) bool {
	for i, other := range holes {
		if other == h {
			holes = append(holes[:i], holes[i+1:]...)
			h.conn.Close()
			return true
		}
	}
	return false
}

func accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			panic(err)
		}
		go func() {
			h := dig(conn)
			var hello Packet
			if h.dec.Decode(&hello) != nil {
				conn.Close()
				return
			}
			h.port = hello.Port
			events <- func() {
				keep(h)
				fmt.Printf("%d ++ %s:%d ++ new\n", h.id, h.ip, h.port)
			}
		}()
	}
}

func ownIP() string {
	addrs, _ := net.InterfaceAddrs()
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLoopback() && n.IP.To4() != nil {
			return n.IP.String()
		}
	}
	return "127.0.0.1"
}

func connect(args []string) error {
	if len(args) != 2 {
		return errors.New("connect <ip> <port>")
	}
	p, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	addr, err := net.ResolveTCPAddr("tcp4", net.JoinHostPort(args[0], args[1]))
	if err != nil {
		return err
	}
	if p == port && (addr.IP.IsLoopback() || addr.IP.String() == ownIP()) {
		return errors.New("self")
	}
	for _, h := range holes {
		if h.ip == addr.IP.String() && h.port == p {
			return fmt.Errorf("that is %d", h.id)
		}
	}
	conn, err := net.DialTCP("tcp4", nil, addr)
	if err != nil {
		return err
	}
	h := dig(conn)
	h.port = p
	if err := h.enc.Encode(Packet{Port: port}); err != nil {
		return err
	}
	keep(h)
	fmt.Printf("dug %d\n", h.id)
	return nil
}

func choose(args []string, n int) (*Hole, error) {
	if len(args) < n {
		return nil, fmt.Errorf("%d arguments, please", n)
	}
	id, err := strconv.Atoi(args[0])
	if err != nil {
		return nil, err
	}
	for _, h := range holes {
		if h.id == id {
			return h, nil
		}
	}
	return nil, fmt.Errorf("%d is no hole", id)
}

func run(line string) error {
	words := strings.Fields(line)
	if len(words) == 0 {
		return nil
	}
	args := words[1:]
	switch strings.ToLower(words[0]) {
	case "help":
		fmt.Println("help|myip|myport|connect|list|terminate|send|exit")
	case "myip":
		fmt.Println("ip:", ownIP())
	case "myport":
		fmt.Println("port:", port)
	case "connect":
		return connect(args)
	case "list":
		for _, h := range holes {
			fmt.Printf("#%d at %s:%d\n", h.id, h.ip, h.port)
		}
		fmt.Println("#")
	case "terminate":
		h, err := choose(args, 1)
		if err != nil {
			return err
		}
		fill(h)
		fmt.Println("filled", h.id)
	case "send":
		h, err := choose(args, 2)
		if err != nil {
			return err
		}
		text := strings.Join(args[1:], " ")
		if err := h.enc.Encode(Packet{Text: text}); err != nil {
			return err
		}
		fmt.Println("sent", len(text))
	case "exit":
		os.Exit(3)
	default:
		return fmt.Errorf("what is %q", words[0])
	}
	return nil
}

func prompt() {
	fmt.Printf("gopher{%d} ", len(holes))
}

func main() {
	port, _ = strconv.Atoi(os.Args[1])
	l, err := net.Listen("tcp", ":"+os.Args[1])
	if err != nil {
		fmt.Println("oops:", err)
		os.Exit(1)
	}
	fmt.Println("digging at", port)
	go accept(l)
	lines := make(chan string)
	go func() {
		in := bufio.NewScanner(os.Stdin)
		for in.Scan() {
			lines <- in.Text()
		}
		close(lines)
	}()
	prompt()
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				return
			}
			if err := run(line); err != nil {
				fmt.Println("oops:", err)
			}
			prompt()
		case event := <-events:
			fmt.Println()
			event()
			prompt()
		}
	}
}
