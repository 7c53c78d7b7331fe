package chat;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;

/** Someone at the other end of a socket. */
class Member extends Thread {
    final Socket socket;
    final int port;
    final DataInputStream in;
    final DataOutputStream out;
    private final Room room;

    Member(Room room, Socket socket, int port, DataInputStream in, DataOutputStream out) {
        this.room = room;
        this.socket = socket;
        this.port = port;
        this.in = in;
        this.out = out;
        setDaemon(true);
    }

    String ip() {
        return socket.getInetAddress().getHostAddress();
    }

    void say(String text) throws IOException {
        out.writeUTF(text);
    }

    @Override
    public void run() {
        try {
            while (true) {
                String text = in.readUTF();
                Main.show("<" + ip() + " " + port + "> " + text);
            }
        } catch (IOException e) {
            // the end of the stream, or of the world
        }
        room.leave(this);
        Main.show("*** " + ip() + " " + port + " is no longer here ***");
        close();
    }

    void close() {
        try {
            socket.close();
        } catch (IOException e) {
            Main.show("ERROR " + e.getMessage());
        }
    }
}
