import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** What users and the load balancer see: the start page, and the portal's services as JSON (README.md lists them). */
final class Web implements HttpHandler {
    private static final String ROOT = "/enginframe/";
    private static final String BATCH = "batch_builtin_job_submission";
    private static final SecureRandom RANDOM = new SecureRandom();
    // Form field -> option of the published service.
    private static final Map<String, String> FIELDS = Map.of("cluster", "CLUSTER", "queue", "QUEUE",
        "job_name", "JOB_NAME", "command", "COMMAND", "options", "JOB_OPTIONS");
    private final Database database;
    private final Users users;
    private final Slurm slurm;
    private final List<String> servers;

    /** `servers` are host:port of all servers of the portal. */
    Web(Database database, Users users, Slurm slurm, List<String> servers) {
        this.database = database;
        this.users = users;
        this.slurm = slurm;
        this.servers = servers;
    }

    @Override
    public void handle(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        String request = exchange.getRequestMethod() + " " + path;
        try {
            if (path.equals("/") || path.equals("/enginframe")) {
                exchange.getResponseHeaders().set("Location", ROOT);
                reply(exchange, 302, "text/plain", "");
            } else if (request.equals("GET " + ROOT) || request.equals("HEAD " + ROOT)) {
                reply(exchange, 200, "text/html", "<!DOCTYPE html>\n<html><head><title>EnginFrame</title></head>"
                    + "<body><h1>EnginFrame</h1></body></html>\n");
            } else if (request.equals("GET " + ROOT + "members")) {
                reply(exchange, 200, "application/json", Json.text(members()));
            } else {
                Map<String, String> form = Form.of(exchange);
                String user = user(exchange);
                Object answer = path.startsWith(ROOT) ? service(request.replace(ROOT, ""), user, form) : null;
                if (answer == null) {
                    throw new Failure(404, "there is no " + request);
                }
                reply(exchange, 200, "application/json", Json.text(answer));
            }
        } catch (Failure failure) {
            if (failure.status == 401) {
                exchange.getResponseHeaders().set("WWW-Authenticate", "Basic realm=\"EnginFrame\"");
            }
            reply(exchange, failure.status, "application/json", Json.text(Json.object("error", failure.getMessage())));
        } catch (IOException | RuntimeException error) {
            Shared.log(request + " failed: " + error);
            reply(exchange, 500, "application/json", Json.text(Json.object("error", "the server failed: " + error)));
        }
    }

    private Object service(String request, String user, Map<String, String> form) throws Failure, IOException {
        switch (request) {
            case "GET clusters":
                return slurm.clusters().values();
            case "POST batch":
                return batch(user, form);
            case "GET spoolers":
                return spoolers();
            case "GET jobs":
                return slurm.jobs(user, Form.needed(form, "cluster"));
            case "GET accounting":
                return slurm.accounting(user, Form.needed(form, "cluster"),
                    form.containsKey("job") ? Form.job(form) : null);
            case "POST cancel":
                return slurm.cancel(user, Form.needed(form, "cluster"), Form.job(form));
            case "POST run":
                return Slurm.result(users.run(user, Form.seconds(form), "", Form.needed(form, "command"), ""));
            default:
                return null;
        }
    }

    private Map<String, Object> batch(String user, Map<String, String> form) throws Failure, IOException {
        String published = Slurm.published(Shared.place("EF_DATA_ROOT"), System.getProperty("user.name"));
        if (published == null) {
            throw new Failure(404, "no batch service is published");
        }
        String cluster = Form.needed(form, "cluster");
        Slurm.known(slurm.clusters(), cluster); // before there is a folder for nothing
        Form.needed(form, "command");
        for (String field : form.keySet()) {
            if (!FIELDS.containsKey(field) || !published.contains("id=\"" + FIELDS.get(field) + "\"")) {
                throw new Failure(400, "the published batch service has no option " + field);
            }
        }
        byte[] random = new byte[8];
        RANDOM.nextBytes(random);
        StringBuilder id = new StringBuilder(Long.toString(System.currentTimeMillis(), 36)); // sorts by time
        for (byte b : random) {
            id.append(String.format("%02x", b));
        }
        String folder = users.spooler(user, id.toString());
        Command.Outcome submitted = slurm.submit(user, cluster, folder, form);
        if (submitted.status != 0) {
            throw new Failure(502, submitted.err.strip());
        }
        String job = submitted.out.strip().split(";")[0]; // with a federation's name after it
        database.record(Json.object("id", id, "owner", user, "service", BATCH, "cluster", cluster, "job_id", job,
            "path", folder, "node", Shared.host(), "created",
            Instant.now().truncatedTo(ChronoUnit.SECONDS)));
        return Json.object("spooler", folder, "cluster", cluster, "job_id", job);
    }

    private List<Map<String, Object>> spoolers() throws Failure, IOException {
        try {
            return database.spoolers();
        } catch (SQLException error) {
            throw new Failure(503, "the database does not answer: " + error.getMessage());
        }
    }

    /** By address, the name of each server that answers within a second, or null. */
    private Map<String, Object> members() {
        Map<String, Object> names = new LinkedHashMap<>();
        List<String> answers = servers.parallelStream().map(Web::member).collect(Collectors.toList());
        for (int n = 0; n < servers.size(); n++) {
            names.put(servers.get(n), answers.get(n).isEmpty() ? null : answers.get(n));
        }
        return names;
    }

    private static String member(String server) {
        int colon = server.lastIndexOf(':');
        try (Socket socket = new Socket()) {
            int port = Integer.parseInt(server.substring(colon + 1));
            socket.connect(new InetSocketAddress(server.substring(0, colon), port), 1000);
            socket.setSoTimeout(1000);
            String line = new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8)).readLine();
            return line == null ? "" : line;
        } catch (IOException gone) {
            return "";
        }
    }

    /** Who asks, once the agent has taken the password. */
    private String user(HttpExchange exchange) throws Failure {
        String header = exchange.getRequestHeaders().getFirst("Authorization");
        if (header == null || !header.startsWith("Basic ")) {
            throw new Failure(401, "log in");
        }
        String[] login;
        try {
            byte[] bytes = Base64.getDecoder().decode(header.substring(6).strip());
            login = new String(bytes, StandardCharsets.UTF_8).split(":", 2);
        } catch (IllegalArgumentException error) {
            throw new Failure(401, "log in");
        }
        if (login.length != 2 || !users.authenticated(login[0], login[1])) {
            throw new Failure(401, "wrong name or password");
        }
        return login[0];
    }

    private static void reply(HttpExchange exchange, int status, String type, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (!exchange.getRequestURI().getPath().equals(ROOT)) { // which the load balancer asks for all the time
            Shared.log(exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath() + " " + status);
        }
        boolean empty = bytes.length == 0 || exchange.getRequestMethod().equals("HEAD");
        exchange.getResponseHeaders().set("Content-Type", type + "; charset=utf-8");
        exchange.sendResponseHeaders(status, empty ? -1 : bytes.length);
        try (var out = exchange.getResponseBody()) {
            if (!empty) {
                out.write(bytes);
            }
        }
    }
}
