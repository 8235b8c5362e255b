/** Why a request gets no good answer: its HTTP status and a sentence for the user. */
final class Failure extends Exception {
    private static final long serialVersionUID = 1;
    final int status;

    Failure(int status, String sentence) {
        super(sentence);
        this.status = status;
    }
}
