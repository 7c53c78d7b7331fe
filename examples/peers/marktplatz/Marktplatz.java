import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.OutputStreamWriter;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.InputMismatchException;
import java.util.Map;
import java.util.Scanner;
import java.util.TreeMap;

/* Praktikum Rechnernetze, Aufgabe 2: Marktplatz */
public class Marktplatz {

    static final Map<Integer, Stand> staende = new TreeMap<>();
    static int letzteNummer = 0;
    static int port;

    static class Stand implements Runnable {
        int nummer;
        Socket socket;
        int fremderPort;
        BufferedReader ein;
        PrintWriter aus;

        Stand(Socket socket) throws IOException {
            this.socket = socket;
            ein = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            aus = new PrintWriter(new OutputStreamWriter(socket.getOutputStream(), StandardCharsets.UTF_8), true);
        }

        String wer() {
            return socket.getInetAddress().getHostAddress() + " Port " + fremderPort;
        }

        public void run() {
            try {
                String zeile;
                while ((zeile = ein.readLine()) != null) {
                    System.out.println(">> " + wer() + ": " + zeile);
                }
            } catch (IOException e) {
                // dann ist Schluss
            }
            synchronized (staende) {
                if (staende.remove(nummer) != null) {
                    System.out.println(">> " + wer() + " hat abgebaut");
                }
            }
            schliessen();
        }

        void schliessen() {
            try {
                socket.close();
            } catch (IOException e) {
                System.out.println("!! " + e.getMessage());
            }
        }
    }

    static void eintragen(Stand stand) {
        synchronized (staende) {
            stand.nummer = ++letzteNummer;
            staende.put(stand.nummer, stand);
        }
        new Thread(stand).start();
    }

    static void warten(ServerSocket server) {
        while (true) {
            try {
                Stand stand = new Stand(server.accept());
                String gruss = stand.ein.readLine();
                if (gruss == null) {
                    stand.schliessen();
                    continue;
                }
                stand.fremderPort = Integer.parseInt(gruss);
                System.out.println(">> " + stand.wer() + " hat aufgebaut");
                eintragen(stand);
            } catch (IOException | NumberFormatException e) {
                System.out.println("!! " + e.getMessage());
            }
        }
    }

    static String adresse() throws IOException {
        try (DatagramSocket s = new DatagramSocket()) {
            s.connect(InetAddress.getByName("192.0.2.44"), 44);
            return s.getLocalAddress().getHostAddress();
        }
    }

    static void verbinden(String ziel, int zielPort) throws IOException {
        InetAddress a = InetAddress.getByName(ziel);
        if (zielPort == port && (a.isLoopbackAddress() || a.getHostAddress().equals(adresse()))) {
            System.out.println("!! das ist der eigene Stand");
            return;
        }
        synchronized (staende) {
            for (Stand s : staende.values()) {
                if (s.socket.getInetAddress().equals(a) && s.fremderPort == zielPort) {
                    System.out.println("!! Stand " + s.nummer + " ist schon da");
                    return;
                }
            }
        }
        Socket socket = new Socket();
        socket.connect(new InetSocketAddress(a, zielPort), 4000);
        Stand stand = new Stand(socket);
        stand.fremderPort = zielPort;
        stand.aus.println(port);
        eintragen(stand);
        System.out.println("Stand " + stand.nummer + " aufgebaut");
    }

    static Stand suchen(int nummer) {
        synchronized (staende) {
            Stand s = staende.get(nummer);
            if (s == null) {
                System.out.println("!! Stand " + nummer + " gibt es nicht");
            }
            return s;
        }
    }

    static void befehl(String wort, Scanner tastatur) throws IOException {
        switch (wort) {
            case "help":
                System.out.println("help | myip | myport | list | exit");
                System.out.println("connect <Ziel> <Port> | terminate <Nummer> | send <Nummer> <Text>");
                break;
            case "myip":
                System.out.println("Adresse: " + adresse());
                break;
            case "myport":
                System.out.println("Port: " + port);
                break;
            case "connect":
                verbinden(tastatur.next(), tastatur.nextInt());
                break;
            case "list":
                synchronized (staende) {
                    for (Stand s : staende.values()) {
                        System.out.println(s.nummer + " -> " + s.wer());
                    }
                    System.out.println("(" + staende.size() + " insgesamt)");
                }
                break;
            case "terminate": {
                Stand s = suchen(tastatur.nextInt());
                if (s != null) {
                    synchronized (staende) {
                        staende.remove(s.nummer);
                    }
                    s.schliessen();
                    System.out.println("Stand " + s.nummer + " abgebaut");
                }
                break;
            }
            case "send": {
                int nummer = tastatur.nextInt();
                String text = tastatur.nextLine().trim();
                Stand s = suchen(nummer);
                if (s != null && text.isEmpty()) {
                    System.out.println("!! kein Text");
                } else if (s != null) {
                    s.aus.println(text);
                    System.out.println("gesendet");
                }
                break;
            }
            default:
                System.out.println("!! unbekannt: " + wort);
                tastatur.nextLine();
        }
    }

    public static void main(String[] args) throws IOException {
        port = Integer.parseInt(args[0]);
        ServerSocket server = new ServerSocket(port);
        new Thread(() -> warten(server)).start();
        System.out.println("Marktplatz auf Port " + port);
        Scanner tastatur = new Scanner(System.in, "UTF-8");
        while (true) {
            System.out.print("markt> ");
            System.out.flush();
            String wort = tastatur.next();
            if (wort.equals("exit")) {
                break;
            }
            try {
                befehl(wort, tastatur);
            } catch (InputMismatchException e) {
                System.out.println("!! falsche Eingabe");
                tastatur.nextLine();
            } catch (IOException | IllegalArgumentException e) {
                System.out.println("!! " + e.getMessage());
            }
        }
        for (Stand s : new ArrayList<>(staende.values())) {
            s.socket.close();
        }
        System.out.println("Marktplatz geschlossen");
    }
}
