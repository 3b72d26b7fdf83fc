import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.serialization.AbstractDeserializationSchema;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.KafkaSourceBuilder;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;

/**
 * Flink's DataStream API in one process: contacts in keyed state, slices in tumbling windows of event time with two
 * minutes of patience, watermarks by partition as its Kafka source makes them, a checkpoint every second. The backlog is
 * read to its end, which closes every window. A record is counted when its contact has it, or when its window does.
 */
public final class FlinkJob {
    private static final AtomicLong COUNT = new AtomicLong();
    private static final StringBuffer TOTALS = new StringBuffer();
    private static long warm;
    private static boolean live;

    @JsonIgnoreProperties(ignoreUnknown = true)
    public static class Event {
        public String type;
        public String contact_id;
        public String queue;
        public long occurred_at;
    }

    public static class Fact {
        public String queue;
        public long at;
        public int field;
        public long waited;

        public Fact() {}

        Fact(String queue, long at, int field, long waited) {
            this.queue = queue;
            this.at = at;
            this.field = field;
            this.waited = waited;
        }
    }

    public static class Waiting {
        public String queue;
        public long since;
    }

    static final class Decoding extends AbstractDeserializationSchema<Event> {
        private static final ObjectReader READER = new ObjectMapper().readerFor(Event.class);

        @Override
        public Event deserialize(byte[] value) throws IOException {
            return READER.readValue(value);
        }
    }

    static final class Advance extends KeyedProcessFunction<String, Event, Fact> {
        private transient ValueState<Waiting> contact;

        @Override
        public void open(OpenContext context) {
            contact = getRuntimeContext().getState(new ValueStateDescriptor<>("contact", Waiting.class));
        }

        @Override
        public void processElement(Event event, Context context, Collector<Fact> out) throws IOException {
            if (event.type.equals("call.offered")) {
                Waiting waiting = new Waiting();
                waiting.queue = event.queue;
                waiting.since = event.occurred_at;
                contact.update(waiting);
                out.collect(new Fact(event.queue, event.occurred_at, 0, 0));
            } else if (event.type.equals("call.answered") || event.type.equals("call.abandoned")) {
                Waiting waiting = contact.value();
                if (waiting == null) {
                    counted();
                } else {
                    contact.clear();
                    boolean answered = event.type.equals("call.answered");
                    long waited = answered ? event.occurred_at - waiting.since : 0;
                    out.collect(new Fact(waiting.queue, event.occurred_at, answered ? 1 : 2, waited));
                }
            } else {
                counted();
            }
        }
    }

    static final class Sums implements AggregateFunction<Fact, long[], long[]> {
        @Override
        public long[] createAccumulator() {
            return new long[4];
        }

        @Override
        public long[] add(Fact fact, long[] sums) {
            sums[fact.field]++;
            sums[3] += fact.waited;
            counted();
            return sums;
        }

        @Override
        public long[] getResult(long[] sums) {
            return sums;
        }

        @Override
        public long[] merge(long[] one, long[] other) {
            for (int n = 0; n < 4; n++) {
                one[n] += other[n];
            }
            return one;
        }
    }

    static final class Closed extends ProcessWindowFunction<long[], String, String, TimeWindow> {
        @Override
        public void process(String queue, Context context, Iterable<long[]> found, Collector<String> out) {
            for (long[] sums : found) {
                out.collect("[\"%s\",%d,%d,%d,%d,%d]"
                        .formatted(queue, context.window().getStart(), sums[0], sums[1], sums[2], sums[3]));
            }
        }
    }

    private static void counted() {
        long count = COUNT.incrementAndGet();
        if (live) {
            System.out.println("took " + count);
        }
        if (count == warm) {
            System.out.println("warm " + count);
        }
    }

    private static String keep(String slice) {
        TOTALS.append(TOTALS.isEmpty() ? "" : ",").append(slice);
        return slice;
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, String> given = new HashMap<>();
        for (int n = 0; n < arguments.length; n += 2) {
            given.put(arguments[n].substring(2), arguments[n + 1]);
        }
        warm = Long.parseLong(given.get("records")) / 4;
        live = given.get("live").equals("1");
        Configuration configuration = new Configuration();
        configuration.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofSeconds(1));
        configuration.set(CheckpointingOptions.CHECKPOINT_STORAGE, "filesystem");
        configuration.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, "file://" + given.get("folder"));
        StreamExecutionEnvironment job = StreamExecutionEnvironment.getExecutionEnvironment(configuration);
        job.setParallelism(1);
        job.getConfig().enableObjectReuse();
        KafkaSourceBuilder<Event> source = KafkaSource.<Event>builder()
                .setBootstrapServers(given.get("bootstrap"))
                .setTopics(given.get("topic"))
                .setGroupId(given.get("group"))
                .setStartingOffsets(OffsetsInitializer.earliest())
                .setValueOnlyDeserializer(new Decoding());
        if (!live) {
            source.setBounded(OffsetsInitializer.latest());
        }
        WatermarkStrategy<Event> watermarks = WatermarkStrategy
                .<Event>forBoundedOutOfOrderness(Duration.ofMinutes(2))
                .withTimestampAssigner((event, at) -> event.occurred_at);
        var closed = job.fromSource(source.build(), watermarks, "events")
                .keyBy(event -> event.contact_id)
                .process(new Advance())
                .keyBy(fact -> fact.queue)
                .window(TumblingEventTimeWindows.of(Duration.ofSeconds(10)))
                .aggregate(new Sums(), new Closed());
        closed.map(FlinkJob::keep).sinkTo(new DiscardingSink<>());
        job.execute("race");
        System.out.println("done " + COUNT.get());
        System.out.println("totals [" + TOTALS + "]");
        Runtime.getRuntime().halt(0);
    }
}
