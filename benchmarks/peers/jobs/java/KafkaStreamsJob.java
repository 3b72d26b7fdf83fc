import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueBytesStoreSupplier;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * Kafka Streams with the Processor API and two cached, logged stores: contacts, and partial sums of slices by task, so
 * that nothing is repartitioned (the cheapest shape of the job). It commits every 200 ms, as often as we flush.
 */
public final class KafkaStreamsJob {
    private static final long SLICE_MS = 10_000;

    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Event(String type, String contact_id, String queue, long occurred_at) {}

    private static final ObjectReader READER = new ObjectMapper().readerFor(Event.class);
    private static final AtomicLong COUNT = new AtomicLong();
    private static final CountDownLatch DONE = new CountDownLatch(1);

    static final class Counting extends ContextualProcessor<byte[], byte[], Void, Void> {
        private final long warm;
        private final long records;
        private final boolean live;
        private KeyValueStore<String, byte[]> contacts;
        private KeyValueStore<String, byte[]> slices;

        Counting(long records, boolean live) {
            this.warm = records / 4;
            this.records = records;
            this.live = live;
        }

        @Override
        public void init(ProcessorContext<Void, Void> context) {
            super.init(context);
            contacts = context.getStateStore("contacts");
            slices = context.getStateStore("slices");
        }

        @Override
        public void process(Record<byte[], byte[]> record) {
            Event event;
            try {
                event = READER.readValue(record.value());
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
            switch (event.type()) {
                case "call.offered" -> {
                    byte[] queue = event.queue().getBytes(StandardCharsets.UTF_8);
                    contacts.put(
                            event.contact_id(),
                            ByteBuffer.allocate(8 + queue.length).putLong(event.occurred_at()).put(queue).array());
                    add(event.queue(), event.occurred_at(), 0, 0);
                }
                case "call.answered", "call.abandoned" -> {
                    byte[] waiting = contacts.get(event.contact_id());
                    if (waiting != null) {
                        contacts.delete(event.contact_id());
                        String queue = new String(waiting, 8, waiting.length - 8, StandardCharsets.UTF_8);
                        boolean answered = event.type().equals("call.answered");
                        long waited = event.occurred_at() - ByteBuffer.wrap(waiting).getLong();
                        add(queue, event.occurred_at(), answered ? 1 : 2, answered ? waited : 0);
                    }
                }
                default -> {}
            }
            long count = COUNT.incrementAndGet();
            if (live) {
                System.out.println("took " + count);
            }
            if (count == warm) {
                System.out.println("warm " + count);
            } else if (count == records) {
                System.out.println("done " + count);
                DONE.countDown();
            }
        }

        private void add(String queue, long at, int field, long waited) {
            String key = queue + "|" + (at - at % SLICE_MS);
            byte[] before = slices.get(key);
            ByteBuffer counts = ByteBuffer.wrap(before == null ? new byte[32] : before.clone());
            counts.putLong(8 * field, counts.getLong(8 * field) + 1);
            counts.putLong(24, counts.getLong(24) + waited);
            slices.put(key, counts.array());
        }
    }

    private static StoreBuilder<KeyValueStore<String, byte[]>> store(String name, boolean inMemory) {
        KeyValueBytesStoreSupplier supplier =
                inMemory ? Stores.inMemoryKeyValueStore(name) : Stores.persistentKeyValueStore(name);
        return Stores.keyValueStoreBuilder(supplier, Serdes.String(), Serdes.ByteArray())
                .withCachingEnabled()
                .withLoggingEnabled(Map.of());
    }

    public static void main(String[] arguments) throws InterruptedException {
        Map<String, String> given = new HashMap<>();
        for (int n = 0; n < arguments.length; n += 2) {
            given.put(arguments[n].substring(2), arguments[n + 1]);
        }
        String mode = given.get("mode");
        long records = Long.parseLong(given.get("records"));
        boolean live = given.get("live").equals("1");
        Properties properties = new Properties();
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, given.get("group"));
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, given.get("bootstrap"));
        properties.put(StreamsConfig.STATE_DIR_CONFIG, given.get("folder"));
        properties.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 200);
        properties.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        properties.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 64L << 20);
        properties.put(
                StreamsConfig.PROCESSING_GUARANTEE_CONFIG,
                mode.endsWith("eos") ? StreamsConfig.EXACTLY_ONCE_V2 : StreamsConfig.AT_LEAST_ONCE);
        properties.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        properties.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 10_000);

        boolean inMemory = mode.startsWith("memory");
        Topology topology = new Topology();
        topology.addSource("events", Serdes.ByteArray().deserializer(), Serdes.ByteArray().deserializer(),
                given.get("topic"));
        topology.addProcessor("counting", () -> new Counting(records, live), "events");
        topology.addStateStore(store("contacts", inMemory), "counting");
        topology.addStateStore(store("slices", inMemory), "counting");

        KafkaStreams streams = new KafkaStreams(topology, properties);
        streams.start();
        DONE.await();
        StringBuilder totals = new StringBuilder("totals [");
        var slices = streams.store(
                StoreQueryParameters.fromNameAndType("slices", QueryableStoreTypes.<String, byte[]>keyValueStore()));
        try (var all = slices.all()) {
            while (all.hasNext()) {
                var slice = all.next();
                String[] key = slice.key.split("\\|");
                ByteBuffer counts = ByteBuffer.wrap(slice.value);
                totals.append(totals.length() > 8 ? "," : "").append("[\"").append(key[0]).append("\",").append(key[1]);
                for (int n = 0; n < 4; n++) {
                    totals.append(",").append(counts.getLong(8 * n));
                }
                totals.append("]");
            }
        }
        System.out.println(totals.append("]"));
        Runtime.getRuntime().halt(0);
    }
}
