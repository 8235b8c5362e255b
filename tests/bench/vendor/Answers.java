import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;

/** The installer's answers file: a Java properties file with exactly the keys that the vendor's installer knows. */
final class Answers {
    private static final String LICENSE = "kernel.eflicense"; // EnginFrame needs none on EC2: the one optional key
    private static final Set<String> KEYS = Set.of(
        "efinstall.config.version", "ef.accept.eula", LICENSE, "nice.root.dir.ui", "kernel.java.home",
        "ef.spooler.dir", "ef.repository.dir", "ef.sessions.dir", "ef.data.root.dir", "ef.logs.root.dir",
        "ef.temp.root.dir", "ef.product",
        "kernel.agent.on.same.machine", "kernel.agent.rmi.port", "kernel.agent.rmi.bind.port", "kernel.ef.admin.user",
        "kernel.ef.tomcat.user", "kernel.ef.root.context", "kernel.server.tomcat.https", "kernel.tomcat.https.port",
        "kernel.tomcat.shutdown.port", "kernel.server.tomcat.https.ef.hostname", "kernel.ef.db", "kernel.ef.db.url",
        "kernel.ef.db.admin.name", "kernel.ef.db.admin.password", "kernel.ef.db.savePasswordInKeystore",
        "kernel.ef.enterprise.tcp.servers", "kernel.start_enginframe_at_boot", "demo.install", "default.auth.mgr",
        "pam.service", "pam.user", "ef.jobmanager", "slurm.binaries.path", "ef.delegate.dcvsm", "intro-targets",
        "progress-targets");
    private static final Set<String> COMPONENTS = Set.of(
        "enginframe", "kernel", "applets", "parser", "http", "pam", "ldap", "activedirectory", "rss", "lsf", "pbs",
        "torque", "sge", "slurm", "awsbatch", "dcvsm", "demo", "neutro", "vdi", "applications", "service-manager",
        "user-group-manager", "enginframe_finalizer");

    /** Why the installer does not go on: its sentence and its exit status. */
    static final class Refusal extends Exception {
        private static final long serialVersionUID = 1;
        final int status;

        Refusal(int status, String sentence) {
            super(sentence);
            this.status = status;
        }
    }

    private final Properties values = new Properties();

    /** Reads and checks the answers in a file. */
    Answers(Path file) throws Refusal {
        try (Reader reader = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
            values.load(reader);
        } catch (IOException | IllegalArgumentException error) {
            throw new Refusal(3, "The answers file " + file + " cannot be read: " + error.getMessage());
        }
        checkKeys();
        checkProduct();
        checkMachine();
    }

    String get(String key) {
        return values.getProperty(key).strip();
    }

    /** The database's, to the last blank: properties files keep those at a line's end. */
    String password() {
        return values.getProperty("kernel.ef.db.admin.password");
    }

    boolean yes(String key) {
        return get(key).equals("true");
    }

    Path path(String key) {
        return Path.of(get(key));
    }

    /** The license file that was named, or null. */
    Path license() {
        return values.containsKey(LICENSE) ? path(LICENSE) : null;
    }

    /** Where all of it goes: EF_TOP. */
    Path top() {
        return path("nice.root.dir.ui").resolve("enginframe");
    }

    /** All answers, as they were given. */
    Properties all() {
        return values;
    }

    private void checkKeys() throws Refusal {
        if (!"true".equals(values.getProperty("ef.accept.eula", "").strip())) {
            throw new Refusal(4, "The license agreement is not accepted: set ef.accept.eula = true.");
        }
        Set<String> unknown = new TreeSet<>(values.stringPropertyNames());
        unknown.removeAll(KEYS);
        refuseIf(!unknown.isEmpty(), 5, "The answers file has unknown keys: " + String.join(", ", unknown));
        Set<String> missing = new TreeSet<>(KEYS);
        missing.removeIf(key -> key.equals(LICENSE) || !values.getProperty(key, "").isBlank());
        refuseIf(!missing.isEmpty(), 5, "The answers file has no answer to: " + String.join(", ", missing));
    }

    private void checkProduct() throws Refusal {
        expect(6, "efinstall.config.version", "1.0");
        expect(6, "ef.product", "ENT");
        expect(11, "kernel.ef.db", "other-db"); // the built-in one is not for Enterprise
        expect(11, "kernel.ef.root.context", "enginframe"); // the stand-in serves this one alone
        expect(11, "kernel.server.tomcat.https", "true");
        expect(11, "kernel.agent.on.same.machine", "true");
        expect(11, "default.auth.mgr", "pam");
        expect(11, "ef.jobmanager", "slurm");
        for (String key : List.of("kernel.ef.db.savePasswordInKeystore", "kernel.start_enginframe_at_boot",
                "demo.install", "ef.delegate.dcvsm")) {
            matches(key, "true|false");
        }
        for (String key : List.of("kernel.agent.rmi.port", "kernel.agent.rmi.bind.port", "kernel.tomcat.https.port",
                "kernel.tomcat.shutdown.port")) {
            matches(key, "[1-9][0-9]{0,4}");
        }
        for (String key : List.of("nice.root.dir.ui", "kernel.java.home", "ef.spooler.dir", "ef.repository.dir",
                "ef.sessions.dir", "ef.data.root.dir", "ef.logs.root.dir", "ef.temp.root.dir", "slurm.binaries.path")) {
            matches(key, "/[A-Za-z0-9_./-]*[A-Za-z0-9_-]");
        }
        matches("kernel.ef.db.url", "jdbc:mysql://[^\\s\\\\]+");
        matches("kernel.ef.enterprise.tcp.servers", "[A-Za-z0-9.-]+:[0-9]+(\\s*,\\s*[A-Za-z0-9.-]+:[0-9]+)*");
        matches("kernel.server.tomcat.https.ef.hostname", "[A-Za-z0-9.-]+");
        matches("pam.service", "[A-Za-z0-9._-]+");
        matches("progress-targets", "cleanuptarget,?");
        for (String target : get("intro-targets").split(",")) {
            String component = target.startsWith("component_") ? target.substring("component_".length()) : "";
            refuseIf(!COMPONENTS.contains(component), 11, "intro-targets names an unknown component: " + target);
        }
    }

    private void checkMachine() throws Refusal {
        String version = javaVersion(path("kernel.java.home").resolve("bin/java"));
        refuseIf(!version.matches("(?s).*version \"(1\\.8|11)[.\"].*"), 7,
            "kernel.java.home is not a Java 8 or 11: " + version.lines().findFirst().orElse("no version"));
        for (String key : List.of("kernel.ef.admin.user", "kernel.ef.tomcat.user", "pam.user")) {
            refuseIf(!Shared.isAccount(get(key)), 8,
                key + " names " + get(key) + ", which is no account of this host.");
        }
        refuseIf(Files.exists(top(), LinkOption.NOFOLLOW_LINKS), 9,
            top() + " exists already: this installer makes new installations only.");
        refuseIf(license() != null && !Files.isReadable(license()), 10, "kernel.eflicense names " + license()
            + ", which cannot be read.");
    }

    private static String javaVersion(Path java) throws Refusal {
        refuseIf(!Files.isExecutable(java), 7, "kernel.java.home has no bin/java: there is no " + java);
        try {
            Command.Outcome outcome = Command.run(List.of(java.toString(), "-version"), null, "", 20);
            return outcome.err + outcome.out; // it speaks on standard error
        } catch (IOException error) {
            throw new Refusal(7, java + " does not run: " + error.getMessage());
        }
    }

    private void expect(int status, String key, String value) throws Refusal {
        refuseIf(!get(key).equals(value), status, key + " must be " + value + ", not " + get(key));
    }

    private void matches(String key, String pattern) throws Refusal {
        refuseIf(!get(key).matches(pattern), 11, key + " cannot be " + get(key));
    }

    static void refuseIf(boolean wrong, int status, String sentence) throws Refusal {
        if (wrong) {
            throw new Refusal(status, sentence);
        }
    }
}
