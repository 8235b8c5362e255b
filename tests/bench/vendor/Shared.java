import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Properties;

/** What installer, server and agent all need: places, configuration, files with an owner and a mode, the log. */
final class Shared {
    private Shared() {}

    /** EF_TOP, as bin/enginframe hands it to its JVMs. */
    static Path top() {
        return Path.of(System.getProperty("ef.top"));
    }

    /** A place that bin/enginframe exports, such as EF_SPOOLER_DIR (from conf/enginframe.conf). */
    static Path place(String variable) {
        String value = System.getenv(variable);
        if (value == null) {
            throw new IllegalStateException(variable + " is not set: start this through bin/enginframe.");
        }
        return Path.of(value);
    }

    static Properties properties(Path file) throws IOException {
        Properties values = new Properties();
        try (Reader reader = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
            values.load(reader);
        }
        return values;
    }

    /** The name under which this host has its folders, the same that `hostname` prints. */
    static String host() throws IOException {
        return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
    }

    /** One line into the log (standard output of the JVM or, for the server, ef.log). Never a secret. */
    static synchronized void log(String sentence) {
        System.out.println(Instant.now().truncatedTo(ChronoUnit.MILLIS) + " " + sentence);
    }

    static boolean isAccount(String name) {
        try {
            accounts().lookupPrincipalByName(name);
            return true;
        } catch (IOException error) {
            return false;
        }
    }

    /** Owner ("user:group") and mode ("rw-r-----") of a file or folder. Never of what a symbolic link points at. */
    static void own(Path file, String owner, String mode) throws IOException {
        String[] names = owner.split(":");
        PosixFileAttributeView view =
            Files.getFileAttributeView(file, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
        view.setOwner(accounts().lookupPrincipalByName(names[0]));
        view.setGroup(accounts().lookupPrincipalByGroupName(names[1]));
        if (!Files.isSymbolicLink(file)) {
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
        }
    }

    /** A new file that never is readable by more than it shall be. */
    static void put(Path file, byte[] content, String owner, String mode) throws IOException {
        Files.createDirectories(file.getParent());
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.write(file, content);
        own(file, owner, mode);
    }

    static void folder(Path folder, String owner, String mode) throws IOException {
        Files.createDirectories(folder);
        own(folder, owner, mode);
    }

    /** A text that this jar carries. */
    static String resource(String name) throws IOException {
        try (InputStream stream = Shared.class.getResourceAsStream("/" + name)) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static UserPrincipalLookupService accounts() {
        return FileSystems.getDefault().getUserPrincipalLookupService();
    }
}
