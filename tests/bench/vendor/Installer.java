import java.io.IOException;
import java.io.StringWriter;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.List;
import java.util.Properties;

/**
 * A stand-in of the unattended installer of EnginFrame and EF Portal: the same call, answers file, layout and refusals.
 * What it installs is a portal of its own (Server, Agent), small but real: it authenticates, submits, keeps its data.
 */
public final class Installer {
    private static final String VERSION = "2021.0-r1647";
    private static final String CLOSED = "rwxr-x---";
    private static final String OPEN = "rwxr-xr-x";
    private static final String TEXT = "rw-r--r--";
    private static final int PHASE = 250; // ms that each phase takes at least: a kill can fall into any

    /** A part of the installation. */
    private interface Phase {
        void run() throws IOException, GeneralSecurityException, URISyntaxException;
    }

    private final Answers answers;
    private final Path top;
    private final String server; // the account that the server runs as
    private int phases;

    private Installer(Answers answers) {
        this.answers = answers;
        top = answers.top();
        server = answers.get("kernel.ef.tomcat.user");
    }

    public static void main(String[] arguments) {
        try {
            Path file = file(List.of(arguments));
            Answers answers = new Answers(file);
            Answers.refuseIf(!System.getProperty("user.name").equals("root"), 12, "Only root can install.");
            new Installer(answers).install();
        } catch (Answers.Refusal refusal) {
            System.err.println("ERROR: " + refusal.getMessage());
            System.exit(refusal.status);
        } catch (IOException | GeneralSecurityException | URISyntaxException | InterruptedException error) {
            System.err.println("ERROR: The installation failed: " + error);
            System.exit(1);
        }
    }

    /** The answers file that the command line names. */
    private static Path file(List<String> arguments) throws Answers.Refusal {
        String usage = "This installer needs: --text --batch [-f efinstall.config]";
        Answers.refuseIf(!arguments.contains("--text") || !arguments.contains("--batch"), 2, usage);
        Path file = Path.of("efinstall.config");
        for (int n = 0; n < arguments.size(); n++) {
            if (arguments.get(n).equals("-f") && n + 1 < arguments.size()) {
                file = Path.of(arguments.get(++n));
            } else {
                Answers.refuseIf(!List.of("--text", "--batch").contains(arguments.get(n)), 2, usage);
            }
        }
        Answers.refuseIf(!Files.isReadable(file), 3, "There is no readable answers file " + file + ".");
        return file;
    }

    private void install() throws IOException, GeneralSecurityException, URISyntaxException, InterruptedException {
        phase("Preparing " + top, this::prepare);
        phase("Unpacking EnginFrame " + VERSION, this::unpack);
        phase("Making the data folders", this::folders);
        phase("Making keys", this::secrets);
        phase("Configuring", this::configure);
        phase("Setting up this host", this::host);
        System.out.println("EnginFrame " + VERSION + " is installed in " + top);
    }

    private void phase(String title, Phase phase)
            throws IOException, GeneralSecurityException, URISyntaxException, InterruptedException {
        System.out.println("[" + ++phases + "/6] " + title);
        phase.run();
        Thread.sleep(PHASE);
    }

    private void prepare() throws IOException {
        Files.createDirectories(top);
        Shared.folder(top.resolve("license"), "root:" + server, CLOSED);
        if (answers.license() != null) {
            Shared.put(top.resolve("license/license.ef"), Files.readAllBytes(answers.license()), "root:" + server,
                "rw-r-----");
        }
        // Like the vendor's, it leaves the answers it used, database password and all, in two places.
        byte[] used = text(answers.all(), "Answers of this installation");
        Shared.put(top.resolve("install/efinstall.config"), used, "root:root", "rw-------");
        Path here = Path.of("efinstall.config").toAbsolutePath();
        Files.deleteIfExists(here);
        Shared.put(here, used, "root:root", "rw-------");
    }

    private void unpack() throws IOException, URISyntaxException {
        Path program = top.resolve(VERSION).resolve("enginframe");
        Path self = Path.of(Installer.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        Shared.put(program.resolve("WEBAPP/WEB-INF/lib/enginframe.jar"), Files.readAllBytes(self), "root:root", TEXT);
        put(VERSION + "/enginframe/enginframe.service", Shared.resource("enginframe.service"), TEXT);
        put("bin/enginframe", Shared.resource("enginframe"), OPEN);
    }

    private void folders() throws IOException {
        String owner = server + ":" + server;
        for (String key : List.of("ef.spooler.dir", "ef.repository.dir", "ef.sessions.dir", "ef.data.root.dir")) {
            Shared.folder(answers.path(key), owner, OPEN);
        }
        Shared.folder(answers.path("ef.repository.dir").resolve("pending"), owner, "rwx------");
        Shared.folder(answers.path("ef.logs.root.dir"), "root:root", OPEN);
        Shared.folder(answers.path("ef.temp.root.dir"), "root:root", OPEN);
    }

    private void secrets() throws IOException, GeneralSecurityException {
        Secrets secrets = new Secrets(top);
        secrets.make(server, answers.path("kernel.java.home").resolve("bin/keytool"),
            answers.get("kernel.server.tomcat.https.ef.hostname"));
        if (answers.yes("kernel.ef.db.savePasswordInKeystore")) {
            secrets.keep(answers.password(), server);
        }
    }

    private void configure() throws IOException {
        Properties conf = new Properties();
        for (String key : List.of("kernel.ef.db.url", "kernel.ef.db.admin.name", "kernel.ef.enterprise.tcp.servers",
                "kernel.ef.admin.user", "kernel.agent.rmi.port")) {
            conf.setProperty(key, answers.get(key));
        }
        if (!answers.yes("kernel.ef.db.savePasswordInKeystore")) {
            conf.setProperty("kernel.ef.db.admin.password", answers.password());
        }
        Shared.put(top.resolve("conf/enginframe/server.conf"), text(conf, "The server"), "root:" + server, "rw-r-----");
        Properties agent = new Properties();
        for (String key : List.of("kernel.agent.rmi.port", "pam.service")) {
            agent.setProperty(key, answers.get(key));
        }
        agent.setProperty("ef.download.server.url", "https://"
            + answers.get("kernel.server.tomcat.https.ef.hostname") + ":"
            + answers.get("kernel.tomcat.https.port") + "/enginframe/download");
        Shared.put(top.resolve("conf/enginframe/agent.conf"), text(agent, "The agent"), "root:root", TEXT);
        put("conf/tomcat/conf/server.xml", Shared.resource("server.xml")
            .replace("@SHUTDOWN_PORT@", answers.get("kernel.tomcat.shutdown.port"))
            .replace("@HTTPS_PORT@", answers.get("kernel.tomcat.https.port")), TEXT);
        put("conf/plugins/slurm/ef.slurm.conf", Shared.resource("ef.slurm.conf")
            .replace("@SLURM_BINDIR@", answers.get("slurm.binaries.path")), TEXT);
        put("conf/enginframe.conf", "# What bin/enginframe starts with: a shell file.\n"
            + "JAVA_HOME=\"" + answers.get("kernel.java.home") + "\"\n"
            + "EF_ADMIN=\"" + answers.get("kernel.ef.admin.user") + "\"\n"
            + "EF_TOMCAT_USER=\"" + server + "\"\n"
            + "EF_SPOOLER_DIR=\"" + answers.get("ef.spooler.dir") + "\"\n"
            + "EF_REPOSITORY_DIR=\"" + answers.get("ef.repository.dir") + "\"\n"
            + "EF_DATA_ROOT=\"" + answers.get("ef.data.root.dir") + "\"\n"
            + "EF_LOGS_ROOT=\"" + answers.get("ef.logs.root.dir") + "\"\n"
            + "EF_TEMP_ROOT=\"" + answers.get("ef.temp.root.dir") + "\"\n", TEXT);
        put("current-version", "VERSION=" + VERSION + "\n", TEXT);
    }

    private void host() throws IOException {
        String boot = answers.yes("kernel.start_enginframe_at_boot") ? "y" : "n";
        Command.Outcome done = Command.run(List.of(top + "/bin/enginframe", "host-setup", "--roles=server,agent",
            "--boot=" + boot), null, "", 300);
        System.out.print(done.out + done.err);
        if (done.status != 0) {
            throw new IOException("enginframe host-setup ended with status " + done.status);
        }
    }

    private void put(String path, String content, String mode) throws IOException {
        Shared.put(top.resolve(path), content.getBytes(StandardCharsets.UTF_8), "root:root", mode);
    }

    private static byte[] text(Properties values, String title) throws IOException {
        StringWriter text = new StringWriter();
        values.store(text, title);
        return text.toString().getBytes(StandardCharsets.ISO_8859_1);
    }
}
