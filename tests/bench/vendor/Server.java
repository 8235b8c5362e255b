import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Security;
import java.sql.SQLException;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.Executors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/** The server, under the account without rights: HTTPS for users (Web), and a port on which the servers meet. */
public final class Server {
    private static final int THREADS = 64;

    private Server() {}

    public static void main(String[] arguments) {
        try {
            FileOutputStream log = new FileOutputStream(Shared.place("EF_LOGS").resolve("ef.log").toFile(), true);
            System.setOut(new PrintStream(log, true, StandardCharsets.UTF_8));
            start(Shared.top());
        } catch (Failure failure) {
            end(failure.getMessage());
        } catch (IOException | GeneralSecurityException | SQLException | SAXException
                | ParserConfigurationException error) {
            end(error.toString());
        }
    }

    private static void end(String reason) {
        Shared.log("the server does not start: " + reason);
        System.err.println("the server does not start: " + reason);
        System.exit(1);
    }

    private static void start(Path top)
            throws Failure, IOException, GeneralSecurityException, SQLException, SAXException,
                ParserConfigurationException {
        if (System.getProperty("user.name").equals("root")) {
            throw new Failure(500, "it never runs as root");
        }
        // EF Portal needs a license. EnginFrame does not on EC2, which is where its root is another.
        Path license = top.resolve("license/license.ef");
        if (top.getParent().endsWith("nisp") && (!Files.isReadable(license) || Files.size(license) == 0)) {
            throw new Failure(500, "there is no license in " + license);
        }
        Properties conf = Shared.properties(top.resolve("conf/enginframe/server.conf"));
        Element connector = connector(top.resolve("conf/tomcat/conf/server.xml"));
        // The name of a database that failed over gets another address: it is not to be remembered for long.
        Security.setProperty("networkaddress.cache.ttl", "5");
        Secrets secrets = new Secrets(top);
        String password = secrets.databasePassword();
        Database database = new Database(conf.getProperty("kernel.ef.db.url"),
            conf.getProperty("kernel.ef.db.admin.name"),
            password != null ? password : conf.getProperty("kernel.ef.db.admin.password"),
            Shared.place("EF_REPOSITORY_DIR").resolve("pending"));
        Users users = new Users(Integer.parseInt(conf.getProperty("kernel.agent.rmi.port")), secrets.token());
        List<String> members = List.of(conf.getProperty("kernel.ef.enterprise.tcp.servers").split("\\s*,\\s*"));
        meet(Integer.parseInt(members.get(0).substring(members.get(0).indexOf(':') + 1)));
        listen(connector, secrets, new Web(database, users, new Slurm(top, users), members));
        Files.writeString(Shared.place("EF_TEMP").resolve("server.pid"), ProcessHandle.current().pid() + "\n");
    }

    /** HTTPS as Tomcat's server.xml asks for it: its port, and how long an idle connection is kept. */
    private static void listen(Element connector, Secrets secrets, Web web)
            throws IOException, GeneralSecurityException {
        int port = Integer.parseInt(connector.getAttribute("port"));
        String idle = connector.getAttribute("keepAliveTimeout"); // ms; Tomcat's own default is 20000
        long seconds = Long.parseLong(idle.isEmpty() ? "20000" : idle) / 1000;
        System.setProperty("sun.net.httpserver.idleInterval", String.valueOf(seconds));
        System.setProperty("sun.net.httpserver.maxReqTime", "60"); // s; who sends no request holds no thread
        System.setProperty("sun.net.httpserver.nodelay", "true");
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(secrets.https(), secrets.password());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        HttpsServer server = HttpsServer.create(new InetSocketAddress("0.0.0.0", port), 128);
        server.setHttpsConfigurator(new HttpsConfigurator(context));
        server.setExecutor(Executors.newFixedThreadPool(THREADS));
        server.createContext("/", web);
        server.start();
        Shared.log("the server listens on port " + port);
    }

    private static Element connector(Path file)
            throws Failure, IOException, SAXException, ParserConfigurationException {
        NodeList all = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(file.toFile())
            .getElementsByTagName("Connector");
        for (int n = 0; n < all.getLength(); n++) {
            Element connector = (Element) all.item(n);
            if (connector.getAttribute("SSLEnabled").equals("true")) {
                return connector;
            }
        }
        throw new Failure(500, file + " has no connector for HTTPS");
    }

    /** In place of Hazelcast: says this host's name to whoever connects. */
    private static void meet(int port) throws IOException {
        ServerSocket listener = new ServerSocket(port, 50);
        String name = Shared.host();
        Thread thread = new Thread(() -> {
            while (true) {
                try (Socket socket = listener.accept()) {
                    socket.getOutputStream().write((name + "\n").getBytes(StandardCharsets.UTF_8));
                } catch (IOException gone) {
                    // Whoever asked did not wait.
                }
            }
        }, "members");
        thread.setDaemon(true);
        thread.start();
    }
}
