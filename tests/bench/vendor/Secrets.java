import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import javax.crypto.spec.SecretKeySpec;

/**
 * Where the portal keeps what nobody else may know: a keystore with the database's password, one with the key of HTTPS,
 * the generated password of both, and the token that server and agent share. All in EF_TOP/conf, closed to others.
 */
final class Secrets {
    private static final String DATABASE = "ef.db.admin.password";
    private final Path key; // of both keystores
    private final Path passwords;
    private final Path https;
    private final Path token;

    Secrets(Path top) {
        key = top.resolve("conf/enginframe/keystore.key");
        passwords = top.resolve("conf/enginframe/passwords.keystore");
        https = top.resolve("conf/tomcat/conf/certs/server.keystore");
        token = top.resolve("conf/enginframe/agent.token");
    }

    /** Makes key, token and certificate; `owner` is the server's account, `keytool` that of the JDK. */
    void make(String owner, Path keytool, String host) throws IOException {
        Shared.put(key, random(), owner + ":" + owner, "rw-------");
        Shared.put(token, random(), "root:" + owner, "rw-r-----");
        // Made on this host's own disk: a keytool that outlives a killed installer must not write into the next one's
        // folders. The key's password goes by file: arguments are everybody's to read.
        Path folder = Files.createTempDirectory("enginframe");
        Path made = folder.resolve("server.keystore");
        Command.Outcome outcome = Command.run(List.of(keytool.toString(), "-genkeypair", "-alias", "enginframe",
            "-keyalg", "EC", "-keysize", "256", "-validity", "3650", "-storetype", "PKCS12",
            "-keystore", made.toString(), "-storepass:file", key.toString(),
            "-dname", "CN=" + host, "-ext", "SAN=dns:" + host), null, "", 60);
        if (outcome.status != 0) {
            throw new IOException("keytool could not make the certificate of HTTPS: " + outcome.out + outcome.err);
        }
        Shared.put(https, Files.readAllBytes(made), owner + ":" + owner, "rw-------");
        Files.delete(made);
        Files.delete(folder);
    }

    /** Puts the database's password into its keystore. */
    void keep(String password, String owner) throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        // A keystore holds keys only: the password's bytes pass as one. Nothing encrypts with it.
        SecretKeySpec bytesOfPassword = new SecretKeySpec(password.getBytes(StandardCharsets.UTF_8), "AES");
        store.setEntry(DATABASE, new KeyStore.SecretKeyEntry(bytesOfPassword),
            new KeyStore.PasswordProtection(password()));
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        store.store(bytes, password());
        Shared.put(passwords, bytes.toByteArray(), owner + ":" + owner, "rw-------");
    }

    /** The database's password from its keystore, or null if there is no keystore. */
    String databasePassword() throws IOException, GeneralSecurityException {
        if (!Files.exists(passwords)) {
            return null;
        }
        return new String(load(passwords).getKey(DATABASE, password()).getEncoded(), StandardCharsets.UTF_8);
    }

    /** The keystore of HTTPS, opened. */
    KeyStore https() throws IOException, GeneralSecurityException {
        return load(https);
    }

    /** The password of the keystores. */
    char[] password() throws IOException {
        return Files.readString(key).strip().toCharArray();
    }

    /** What the server shows the agent. */
    String token() throws IOException {
        return Files.readString(token).strip();
    }

    private KeyStore load(Path file) throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream stream = Files.newInputStream(file)) {
            store.load(stream, password());
        }
        return store;
    }

    private static byte[] random() {
        byte[] bytes = new byte[24];
        new SecureRandom().nextBytes(bytes);
        return (Base64.getUrlEncoder().encodeToString(bytes) + "\n").getBytes(StandardCharsets.US_ASCII);
    }
}
