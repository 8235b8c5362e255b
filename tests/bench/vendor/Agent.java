import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * The agent: root's part of the portal. It checks passwords through PAM and runs what users ask for under their
 * accounts, never under root's. It listens on loopback and believes whoever shows the token that only root and the
 * server's account can read. Requests (Wire), after the token:
 *
 * auth USER PASSWORD; spooler USER NAME (makes that folder, prints its path); run USER SECONDS FOLDER SCRIPT INPUT.
 */
public final class Agent {
    private static final int REFUSED = 126; // as a shell says that it found a command and may not run it
    private static final Map<String, String> CLEAN =
        Map.of("PATH", "/usr/local/bin:/usr/bin:/bin", "LANG", "C.UTF-8", "TERM", "dumb");
    private final byte[] token;
    private final String pamService;
    private final Path spoolers;

    private Agent(Path top, Properties conf) throws IOException {
        token = new Secrets(top).token().getBytes(StandardCharsets.UTF_8);
        pamService = conf.getProperty("pam.service");
        spoolers = Shared.place("EF_SPOOLER_DIR");
    }

    public static void main(String[] arguments) throws IOException, GeneralSecurityException {
        Properties conf = Shared.properties(Shared.top().resolve("conf/enginframe/agent.conf"));
        Agent agent = new Agent(Shared.top(), conf);
        int port = Integer.parseInt(conf.getProperty("kernel.agent.rmi.port"));
        ExecutorService workers = Executors.newCachedThreadPool();
        try (ServerSocket listener = new ServerSocket(port, 50, InetAddress.getByName("127.0.0.1"))) {
            Files.writeString(Shared.place("EF_TEMP").resolve("agent.pid"), ProcessHandle.current().pid() + "\n");
            Shared.log("the agent listens on 127.0.0.1:" + port);
            while (true) {
                Socket socket = listener.accept();
                workers.execute(() -> agent.serve(socket));
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            socket.setSoTimeout(10_000);
            List<String> request = Wire.read(socket.getInputStream());
            Command.Outcome outcome;
            if (request.isEmpty() || !MessageDigest.isEqual(request.get(0).getBytes(StandardCharsets.UTF_8), token)) {
                Shared.log("refused a request without the token");
                outcome = new Command.Outcome(REFUSED, "", "not the portal's server");
            } else {
                outcome = answer(request.subList(1, request.size()));
            }
            Wire.write(socket.getOutputStream(), List.of(String.valueOf(outcome.status), outcome.out, outcome.err));
        } catch (IOException error) {
            Shared.log("a request ended early: " + error.getMessage());
        }
    }

    private Command.Outcome answer(List<String> request) throws IOException {
        String operation = request.get(0) + request.size();
        String user = request.size() > 1 ? request.get(1) : "";
        String refusal = refusal(user);
        if (refusal != null) {
            Shared.log(request.get(0) + " refused: " + refusal);
            return new Command.Outcome(REFUSED, "", refusal);
        }
        Command.Outcome outcome;
        switch (operation) {
            case "auth3":
                outcome = authenticate(user, request.get(2));
                break;
            case "spooler3":
                outcome = makeSpooler(user, request.get(2));
                break;
            case "run6":
                outcome = run(user, Integer.parseInt(request.get(2)), request.get(3), request.get(4), request.get(5));
                break;
            default:
                outcome = new Command.Outcome(REFUSED, "", "the agent knows no such request");
        }
        Shared.log(request.get(0) + " of " + user + " ended with status " + outcome.status);
        return outcome;
    }

    /** Why nothing is done for an account, or null. Whoever has root's number is root, whatever the name. */
    private static String refusal(String user) throws IOException {
        if (!user.matches("[A-Za-z_][A-Za-z0-9_.-]{0,31}")) {
            return "not the name of an account";
        }
        Command.Outcome id = Command.run(List.of("id", "-u", "--", user), CLEAN, "", 10);
        if (id.status != 0) {
            return "this host has no account " + user;
        }
        return id.out.strip().equals("0") ? "root may not run services" : null;
    }

    /** Status 0 if PAM takes the password (which goes by standard input: arguments are everybody's to read). */
    private Command.Outcome authenticate(String user, String password) throws IOException {
        if (!Files.exists(Path.of("/etc/pam.d", pamService))) {
            return new Command.Outcome(REFUSED, "", "this host has no PAM service " + pamService);
        }
        if (password.contains("\n") || password.contains("\0")) {
            return new Command.Outcome(REFUSED, "", "not a password");
        }
        List<String> check = List.of("pamtester", pamService, user, "authenticate", "acct_mgmt");
        Command.Outcome checked = Command.run(check, CLEAN, password + "\n", 30);
        return new Command.Outcome(checked.status, "", checked.status == 0 ? "" : "PAM refuses " + user);
    }

    /** A new folder of the user's own, below the user's folder in EF_SPOOLER_DIR. */
    private Command.Outcome makeSpooler(String user, String name) throws IOException {
        if (!name.matches("[a-z0-9]{8,64}")) {
            return new Command.Outcome(REFUSED, "", "not the name of a spooler");
        }
        Path home = spoolers.resolve(user);
        if (!Files.exists(home, LinkOption.NOFOLLOW_LINKS)) {
            Path staged = Files.createTempDirectory(spoolers, ".new");
            String group = Command.run(List.of("id", "-gn", "--", user), CLEAN, "", 10).out.strip();
            Shared.own(staged, user + ":" + group, "rwxr-xr-x");
            // At once or not at all; the other node may have been quicker.
            if (!staged.toFile().renameTo(home.toFile())) {
                Files.delete(staged);
            }
        }
        String folder = Command.quoted(home.resolve(name).toString());
        return run(user, 30, "/", "umask 022; mkdir " + folder + " && echo " + folder, "");
    }

    private static Command.Outcome run(String user, int seconds, String folder, String script, String input)
            throws IOException {
        // su without a login: HOME, USER, LOGNAME and SHELL become the user's, the rest is the clean environment.
        String there =
            folder.isEmpty() ? "cd 2> /dev/null || cd /; " : "cd -- " + Command.quoted(folder) + " || exit; ";
        return Command.run(List.of("su", user, "-s", "/bin/bash", "-c", there + script), CLEAN, input, seconds);
    }
}
