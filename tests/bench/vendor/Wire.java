import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * How server and agent talk, in place of the vendor's RMI: one request and one answer on each connection, both a count
 * and that many texts, each as its length and its bytes.
 */
final class Wire {
    private static final int LARGEST = 4 << 20; // bytes of one text
    private static final int MOST = 16; // texts

    private Wire() {}

    static void write(OutputStream stream, List<String> texts) throws IOException {
        DataOutputStream out = new DataOutputStream(stream);
        out.writeInt(texts.size());
        for (String text : texts) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            out.writeInt(bytes.length);
            out.write(bytes);
        }
        out.flush();
    }

    static List<String> read(InputStream stream) throws IOException {
        DataInputStream in = new DataInputStream(stream);
        int count = bounded(in.readInt(), MOST);
        List<String> texts = new ArrayList<>();
        for (int n = 0; n < count; n++) {
            byte[] bytes = new byte[bounded(in.readInt(), LARGEST)];
            in.readFully(bytes);
            texts.add(new String(bytes, StandardCharsets.UTF_8));
        }
        return texts;
    }

    /** Asks the agent of this host, and waits for its answer some seconds at most. */
    static Command.Outcome ask(int port, int seconds, String... request) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), port), 2000);
            socket.setSoTimeout(seconds * 1000);
            write(socket.getOutputStream(), List.of(request));
            List<String> answer = read(socket.getInputStream());
            return new Command.Outcome(Integer.parseInt(answer.get(0)), answer.get(1), answer.get(2));
        }
    }

    private static int bounded(int value, int most) throws IOException {
        if (value < 0 || value > most) {
            throw new IOException("not this protocol");
        }
        return value;
    }
}
