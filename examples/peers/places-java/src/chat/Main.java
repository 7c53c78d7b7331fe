package chat;

import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Collections;

/**
 * A chat room without a server.
 *
 * javac -d out src/chat/*.java
 * java -cp out chat.Main 5000
 */
public class Main {
    private static final Room room = new Room();
    private static int port;

    static synchronized void show(String text) {
        System.out.println(text);
        System.out.flush();
    }

    private static String myIp() throws IOException {
        for (NetworkInterface card : Collections.list(NetworkInterface.getNetworkInterfaces()))
            for (InetAddress a : Collections.list(card.getInetAddresses()))
                if (a instanceof Inet4Address && !a.isLoopbackAddress())
                    return a.getHostAddress();
        return "127.0.0.1";
    }

    private static void listen() {
        try {
            Thread.sleep(50); // let the user see the prompt first
            ServerSocket server = new ServerSocket(port);
            while (true) {
                Socket socket = server.accept();
                new Thread(() -> greet(socket)).start();
            }
        } catch (IOException | InterruptedException e) {
            show("ERROR " + e.getMessage());
        }
    }

    private static void greet(Socket socket) {
        try {
            DataInputStream in = new DataInputStream(socket.getInputStream());
            int theirPort = in.readInt();
            Member member = new Member(room, socket, theirPort, in, new DataOutputStream(socket.getOutputStream()));
            room.enter(member);
            show("*** " + member.ip() + " " + theirPort + " is here ***");
            member.start();
        } catch (IOException e) {
            show("ERROR " + e.getMessage());
        }
    }

    private static String connect(String host, int p) throws IOException {
        InetAddress address = InetAddress.getByName(host);
        String ip = address.getHostAddress();
        if (p == port && (address.isLoopbackAddress() || ip.equals(myIp())))
            return "ERROR that is you";
        if (room.has(ip, p))
            return "ERROR you are in one room already";
        Socket socket = new Socket();
        socket.connect(new InetSocketAddress(address, p), 3000);
        DataOutputStream out = new DataOutputStream(socket.getOutputStream());
        out.writeInt(port);
        Member member = new Member(room, socket, p, new DataInputStream(socket.getInputStream()), out);
        room.enter(member);
        member.start();
        return "OK " + ip + " " + p;
    }

    private static String list() {
        StringBuilder text = new StringBuilder("place  address          port");
        int place = 0;
        for (Member m : room.everybody())
            text.append(String.format("%n%5d  %-15s  %d", place++, m.ip(), m.port));
        return text.toString();
    }

    private static String terminate(int place) {
        Member member = room.at(place);
        if (member == null)
            return "ERROR nobody sits at " + place;
        room.leave(member);
        member.close();
        return "";
    }

    private static String send(int place, String text) throws IOException {
        Member member = room.at(place);
        if (member == null)
            return "ERROR nobody sits at " + place;
        member.say(text);
        return "OK";
    }

    private static String help() {
        return String.join(System.lineSeparator(),
                "help", "myip", "myport", "connect <destination> <port>", "list",
                "terminate <id>", "send <id> <message>", "exit");
    }

    private static String execute(String line) throws IOException {
        String[] words = line.split(" ", 3);
        try {
            switch (words[0]) {
                case "help": return help();
                case "myip": return "OK " + myIp();
                case "myport": return "OK " + port;
                case "connect": return connect(words[1], Integer.parseInt(words[2].trim()));
                case "list": return list();
                case "terminate": return terminate(Integer.parseInt(words[1]));
                case "send": return send(Integer.parseInt(words[1]), words[2]);
                default: return "ERROR unknown command " + words[0];
            }
        } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
            return "ERROR " + e.getMessage();
        } catch (IOException e) {
            return "ERROR cannot connect: " + e.getMessage();
        }
    }

    public static void main(String[] args) throws IOException {
        port = Integer.parseInt(args[0]);
        Thread listener = new Thread(Main::listen);
        listener.setDaemon(true);
        listener.start();
        BufferedReader keyboard = new BufferedReader(new InputStreamReader(System.in));
        while (true) {
            System.out.print("room>");
            System.out.flush();
            String line = keyboard.readLine();
            if (line == null || line.equals("exit"))
                break;
            if (!line.trim().isEmpty()) {
                String answer = execute(line);
                if (!answer.isEmpty())
                    show(answer);
            }
        }
        System.exit(0);
    }
}
