import java.io.IOException;

/** The portal's users, as the agent of this host knows them. */
final class Users {
    private final int port;
    private final String token;

    Users(int port, String token) {
        this.port = port;
        this.token = token;
    }

    /** Whether the password is the user's. */
    boolean authenticated(String user, String password) throws Failure {
        return ask(40, token, "auth", user, password).status == 0;
    }

    /** Makes a folder for a job or session of the user's, and returns its path. */
    String spooler(String user, String name) throws Failure {
        Command.Outcome made = ask(40, token, "spooler", user, name);
        if (made.status != 0) {
            throw new Failure(502, "no spooler could be made: " + made.err.strip());
        }
        return made.out.strip();
    }

    /** Runs a script under the user's account in a folder (blank: the user's home) for some seconds at most. */
    Command.Outcome run(String user, int seconds, String folder, String script, String input) throws Failure {
        return ask(seconds + 15, token, "run", user, String.valueOf(seconds), folder, script, input);
    }

    private Command.Outcome ask(int seconds, String... request) throws Failure {
        try {
            return Wire.ask(port, seconds, request);
        } catch (IOException error) {
            throw new Failure(503, "the agent of this host does not answer: " + error.getMessage());
        }
    }
}
