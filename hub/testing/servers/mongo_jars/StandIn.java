import de.bwaldvogel.mongo.MongoBackend;
import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import de.bwaldvogel.mongo.bson.Document;
import java.io.ByteArrayInputStream;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;

/**
 * Speaks MongoDB's protocol on 127.0.0.1:PORT; keeps its data in FILE, or in memory when it is "-" or none is given.
 * With KEY (PKCS 8, elliptic curve) and CERTIFICATE, both PEM, by TLS.
 */
public class StandIn {
    /** PyMongo refuses servers older than wire version 9 (4.4), and this one reports less than it can do. */
    private static final MongoVersion SEVEN = new MongoVersion() {
        public List<Integer> getVersionArray() {
            return List.of(7, 0, 0);
        }

        public int getWireVersion() {
            return 21;
        }
    };

    public static void main(String[] arguments) throws Exception {
        boolean inFile = arguments.length > 1 && !arguments[1].equals("-");
        MongoBackend backend = inFile ? new H2Backend(arguments[1]) : new MemoryBackend();
        MongoServer server = new MongoServer(oneAtATime(backend.version(SEVEN)));
        if (arguments.length > 3) {
            byte[] certificate = Files.readAllBytes(Path.of(arguments[3]));
            X509Certificate shown = (X509Certificate) CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(certificate));
            String key = Files.readString(Path.of(arguments[2])).replaceAll("-----[A-Z ]+-----|\\s", "");
            server.enableSsl(
                KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(key))),
                null, shown);
        }
        server.bind("127.0.0.1", Integer.parseInt(arguments[0]));
        Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
    }

    /**
     * Its replies hold the stored documents themselves, which a write changes field by field while they are sent: the
     * version of after the write beside a value of before it. MongoDB never shows that, so each reply is a copy.
     */
    private static MongoBackend oneAtATime(MongoBackend backend) {
        Object lock = new Object();
        InvocationHandler handler = (proxy, method, given) -> {
            synchronized (lock) {
                try {
                    Object reply = method.invoke(backend, given);
                    return reply instanceof Document document ? document.cloneDeeply() : reply;
                } catch (InvocationTargetException failed) {
                    throw failed.getCause();
                }
            }
        };
        Class<?>[] spoken = {MongoBackend.class};
        return (MongoBackend) Proxy.newProxyInstance(StandIn.class.getClassLoader(), spoken, handler);
    }
}
