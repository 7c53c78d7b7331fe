// lantern: signals between towers.
//
//	go run . -port 5000
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

type tower struct {
	conn net.Conn
	host string
	port string
	sent int
}

var (
	port   = flag.Int("port", 0, "where others can see my light")
	mu     sync.Mutex
	towers = make(map[string]*tower) // "1", "2", ... -> tower
)

func number(t *tower) string {
	mu.Lock()
	defer mu.Unlock()
	id := strconv.Itoa(len(towers) + 1)
	towers[id] = t
	return id
}

func dark(id string, t *tower) bool {
	mu.Lock()
	defer mu.Unlock()
	if towers[id] != t {
		return false
	}
	delete(towers, id)
	return true
}

func get(id string) *tower {
	mu.Lock()
	defer mu.Unlock()
	return towers[id]
}

// look shows what a tower signals. A signal is three digits and as many bytes.
func look(id string, t *tower, r *bufio.Reader) {
	head := make([]byte, 3)
	for {
		if _, err := io.ReadFull(r, head); err != nil {
			break
		}
		n, _ := strconv.Atoi(string(head))
		text := make([]byte, n)
		if _, err := io.ReadFull(r, text); err != nil {
			break
		}
		fmt.Printf("\nSignal from %s (%s %s)\n  \"%s\"\n", id, t.host, t.port, text)
	}
	if dark(id, t) {
		fmt.Printf("\nTower %s (%s %s) is dark\n", id, t.host, t.port)
	}
	t.conn.Close()
}

func watch(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		r := bufio.NewReader(conn)
		line, err := r.ReadString('\n')
		if err != nil {
			conn.Close()
			continue
		}
		host, _, _ := net.SplitHostPort(conn.RemoteAddr().String())
		t := &tower{conn: conn, host: host, port: strings.TrimSpace(line)}
		id := number(t)
		fmt.Printf("\nTower %s (%s %s) is lit\n", id, t.host, t.port)
		go look(id, t, r)
	}
}

func address() string {
	conn, err := net.Dial("udp4", "198.51.100.123:123")
	if err != nil {
		return "unknown"
	}
	defer conn.Close()
	host, _, _ := net.SplitHostPort(conn.LocalAddr().String())
	return host
}

func light(host, p string) string {
	n, err := strconv.Atoi(p)
	if err != nil || n < 1 || n > 65535 {
		return "Error: bad port"
	}
	if n == *port && (host == address() || host == "localhost" || strings.HasPrefix(host, "127.")) {
		return "Error: this tower is yours"
	}
	mu.Lock()
	for id, t := range towers {
		if t.host == host && t.port == p {
			mu.Unlock()
			return "Error: see tower " + id
		}
	}
	mu.Unlock()
	conn, err := net.DialTimeout("tcp4", net.JoinHostPort(host, p), 4*time.Second)
	if err != nil {
		return "Error: it stays dark"
	}
	fmt.Fprintln(conn, *port)
	t := &tower{conn: conn, host: host, port: p}
	id := number(t)
	go look(id, t, bufio.NewReader(conn))
	return fmt.Sprintf("Signalling to %s %s\nTower %s (%s %s) is lit", host, p, id, host, p)
}

func signal(id, text string) string {
	t := get(id)
	if t == nil {
		return "Error: there is no tower " + id
	}
	if text == "" {
		return "Error: no signal"
	}
	if _, err := fmt.Fprintf(t.conn, "%03d%s", len(text), text); err != nil {
		return "Error: the signal was not seen"
	}
	t.sent++
	return fmt.Sprintf("Signal %d to tower %s", t.sent, id)
}

func table() string {
	mu.Lock()
	defer mu.Unlock()
	rows := []string{}
	for id, t := range towers { // in whatever order
		rows = append(rows, fmt.Sprintf("%s\t%s\t%s", id, t.host, t.port))
	}
	return strings.Join(append(rows, "That is all."), "\n")
}

func main() {
	flag.Parse()
	l, err := net.Listen("tcp4", fmt.Sprint(":", *port))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	go watch(l)
	fmt.Printf("The lantern burns at port %d\n", *port)
	in := bufio.NewReader(os.Stdin)
	for {
		fmt.Print("\nlantern? ")
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		words := append(strings.SplitN(strings.TrimRight(line, "\n"), " ", 3), "", "")
		switch words[0] {
		case "":
		case "help":
			fmt.Println("Known words: help, myip, myport, list, exit,")
			fmt.Println("connect <host> <port>, terminate <id>, send <id> <message>")
		case "myip":
			fmt.Println("Address", address())
		case "myport":
			fmt.Println("Port", *port)
		case "connect":
			fmt.Println(light(words[1], words[2]))
		case "list":
			fmt.Println(table())
		case "terminate":
			if t := get(words[1]); t != nil && dark(words[1], t) {
				t.conn.Close()
				fmt.Printf("Tower %s (%s %s) is dark\n", words[1], t.host, t.port)
			} else {
				fmt.Println("Error: there is no tower", words[1])
			}
		case "send":
			fmt.Println(signal(words[1], words[2]))
		case "exit":
			fmt.Println("The lantern is out.")
			return
		default:
			fmt.Printf("Error: %s?\n", words[0])
		}
	}
}
