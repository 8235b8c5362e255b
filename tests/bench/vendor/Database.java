import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The portal's table of spoolers. Nobody waits for the database in order to submit: a row is a file in the shared
 * repository first, and any server that reaches the database puts it there, so that neither an outage nor the end of a
 * node loses one.
 */
final class Database {
    private static final List<String> COLUMNS =
        List.of("id", "owner", "service", "cluster", "job_id", "path", "node", "created");
    // As with the vendor's tables, the row is too long for a schema in utf8mb4 (65,535 bytes) and fits one in latin1.
    private static final String TABLE = "CREATE TABLE IF NOT EXISTS spoolers (id VARCHAR(64) PRIMARY KEY,"
        + " owner VARCHAR(255), service VARCHAR(255), cluster VARCHAR(255), job_id VARCHAR(64),"
        + " path VARCHAR(16300), node VARCHAR(255), created VARCHAR(32)) ENGINE=InnoDB";

    private final String url;
    private final Properties login = new Properties();
    private final Path pending;
    private final BlockingQueue<Boolean> news = new ArrayBlockingQueue<>(1);
    private Connection connection; // null while there is none
    private boolean answering = true;

    /** `pending` is the folder of the rows that are not in the database yet. Fails without a driver for `url`. */
    Database(String url, String user, String password, Path pending) throws SQLException {
        this.url = forDriver(url);
        this.pending = pending;
        login.setProperty("user", user);
        login.setProperty("password", password);
        login.setProperty("connectTimeout", "3000"); // ms, as is the next; an outage must not hold anybody up for long
        login.setProperty("socketTimeout", "10000");
        Thread writer = new Thread(this::write, "spoolers");
        writer.setDaemon(true);
        writer.start();
    }

    /**
     * The URL in the words of the driver that is there. The configuration speaks Connector/J's. MariaDB Connector/J
     * 2.7 silently ignores sslMode and would connect without TLS; the same demand in its words is useSsl=true with
     * neither trustServerCertificate nor disableSslHostnameVerification: TLS, a certificate that the JVM's trust store
     * vouches for, and the host's name in it. Another sslMode is refused, since it could only be a weaker one.
     */
    private static String forDriver(String url) throws SQLException {
        String driver = DriverManager.getDriver(url).getClass().getName();
        if (!driver.startsWith("org.mariadb.") || !url.contains("sslMode=")) {
            return url;
        }
        if (!url.matches("[^?]*\\?sslMode=VERIFY_IDENTITY")) {
            throw new SQLException("with MariaDB's driver the only option may be sslMode=VERIFY_IDENTITY");
        }
        return url.replace("sslMode=VERIFY_IDENTITY", "useSsl=true");
    }

    /** Keeps a row for the database, and has it written there soon. */
    void record(Map<String, Object> row) throws IOException {
        Properties file = new Properties();
        COLUMNS.forEach(column -> file.setProperty(column, String.valueOf(row.get(column))));
        Path staged = pending.resolve("." + row.get("id"));
        try (var out = Files.newOutputStream(staged)) {
            file.store(out, null);
        }
        Files.move(staged, pending.resolve(row.get("id").toString()), StandardCopyOption.ATOMIC_MOVE);
        news.offer(true);
    }

    /** All rows, oldest first: ids begin with the time. */
    synchronized List<Map<String, Object>> spoolers() throws SQLException, IOException {
        flush();
        List<Map<String, Object>> rows = new ArrayList<>();
        try (Statement statement = connected().createStatement();
                ResultSet found = statement.executeQuery("SELECT * FROM spoolers ORDER BY id")) {
            while (found.next()) {
                Map<String, Object> row = Json.object();
                for (String column : COLUMNS) {
                    row.put(column, found.getString(column));
                }
                rows.add(row);
            }
        } catch (SQLException error) {
            drop();
            throw error;
        }
        return rows;
    }

    private void write() {
        while (true) {
            String reason = null;
            try {
                flush();
            } catch (SQLException | IOException error) {
                reason = error.getMessage();
            }
            if (answering != (reason == null)) {
                answering = reason == null;
                Shared.log(answering ? "the database answers again" : "the database does not answer: " + reason);
            }
            try {
                news.poll(5, TimeUnit.SECONDS);
            } catch (InterruptedException end) {
                return;
            }
        }
    }

    /** Brings what is pending into the database. Two servers may do so at once: a row's id is its own. */
    private synchronized void flush() throws SQLException, IOException {
        connected(); // also when nothing is pending: an outage is to be seen when it begins
        List<Path> files;
        try (Stream<Path> listed = Files.list(pending)) {
            files = listed.filter(file -> !file.getFileName().toString().startsWith(".")).sorted()
                .collect(Collectors.toList());
        }
        String marks = COLUMNS.stream().map(column -> "?").collect(Collectors.joining(", "));
        for (Path file : files) {
            Properties row;
            try {
                row = Shared.properties(file);
            } catch (IOException taken) {
                continue; // by the other server, meanwhile
            }
            try (PreparedStatement insert = connected().prepareStatement(
                    "INSERT IGNORE INTO spoolers (" + String.join(", ", COLUMNS) + ") VALUES (" + marks + ")")) {
                for (int n = 0; n < COLUMNS.size(); n++) {
                    insert.setString(n + 1, row.getProperty(COLUMNS.get(n)));
                }
                insert.executeUpdate();
            } catch (SQLException error) {
                drop();
                throw error;
            }
            Files.deleteIfExists(file);
        }
    }

    private Connection connected() throws SQLException {
        if (connection != null && connection.isValid(5)) {
            return connection;
        }
        drop();
        Connection fresh = DriverManager.getConnection(url, login);
        try (Statement statement = fresh.createStatement()) {
            statement.execute(TABLE);
        } catch (SQLException error) {
            fresh.close();
            throw error;
        }
        connection = fresh;
        return connection;
    }

    private void drop() {
        try {
            if (connection != null) {
                connection.close();
            }
        } catch (SQLException broken) {
            // Which is why it is dropped.
        }
        connection = null;
    }
}
