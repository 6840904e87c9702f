package auroch;

import static auroch.Checks.equal;
import static auroch.Checks.refused;
import static auroch.Checks.soon;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.ClientBuilder;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.auth.Permission;
import io.etcd.jetcd.election.CampaignResponse;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.CmpTarget;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.DeleteOption;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.LeaseOption;
import io.etcd.jetcd.options.PutOption;
import io.etcd.jetcd.options.WatchOption;
import io.etcd.jetcd.watch.WatchEvent;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** The client jetcd, over gRPC: Main HOST:PORT. */
public final class Main {
    private final String endpoint;
    private final Client etcd;

    private Main(String endpoint) {
        this.endpoint = endpoint;
        this.etcd = builder().build();
    }

    public static void main(String[] args) {
        Main main = new Main("http://" + args[0]);
        int failed = new Checks("jetcd")
            .add("a key that is put is got, with its revisions", main::kvPutGet)
            .add("a prefix is got in order, counted and deleted", main::kvPrefix)
            .add("a transaction compares and swaps", main::kvTransaction)
            .add("a lease holds keys, is renewed, and takes them with it", main::leaseKeys)
            .add("a lease that is not renewed ends", main::leaseExpires)
            .add("a watch sees what was and what comes, with the values before", main::watchEvents)
            .add("a lock has one holder, and goes to who waits", main::lockExcludes)
            .add("an election has one leader, and then the next", main::election)
            .add("there is one member, and it leads", main::members)
            .add("a user may do what its roles say, and no more", main::authPermissions)
            .run();
        System.out.println("done");
        System.exit(failed > 0 ? 1 : 0);
    }

    private ClientBuilder builder() {
        return Client.builder().endpoints(endpoint);
    }

    private static ByteSequence bytes(String text) {
        return ByteSequence.from(text, StandardCharsets.UTF_8);
    }

    private void kvPutGet() throws Exception {
        long revision = soon(etcd.getKVClient().put(bytes("kv/a"), bytes("1"))).getHeader().getRevision();
        KeyValue got = soon(etcd.getKVClient().get(bytes("kv/a"))).getKvs().get(0);
        equal(List.of(got.getValue(), got.getModRevision(), got.getVersion()), List.of(bytes("1"), revision, 1L));
    }

    private void kvPrefix() throws Exception {
        for (String name : List.of("c", "a", "b")) {
            soon(etcd.getKVClient().put(bytes("prefix/" + name), bytes(name)));
        }
        GetOption option = GetOption.builder().isPrefix(true).withSortField(GetOption.SortTarget.KEY)
            .withSortOrder(GetOption.SortOrder.DESCEND).withLimit(2).build();
        var found = soon(etcd.getKVClient().get(bytes("prefix/"), option));
        equal(found.getKvs().stream().map(KeyValue::getValue).toList(), List.of(bytes("c"), bytes("b")));
        equal(List.of(found.getCount(), found.isMore()), List.of(3L, true));
        DeleteOption all = DeleteOption.builder().isPrefix(true).build();
        equal(soon(etcd.getKVClient().delete(bytes("prefix/"), all)).getDeleted(), 3L);
    }

    private void kvTransaction() throws Exception {
        soon(etcd.getKVClient().put(bytes("txn"), bytes("old")));
        for (boolean succeeds : List.of(true, false)) {
            var answer = soon(etcd.getKVClient().txn()
                .If(new Cmp(bytes("txn"), Cmp.Op.EQUAL, CmpTarget.value(bytes("old"))))
                .Then(Op.put(bytes("txn"), bytes("new"), PutOption.DEFAULT))
                .Else(Op.get(bytes("txn"), GetOption.DEFAULT))
                .commit());
            equal(answer.isSucceeded(), succeeds);
            if (!succeeds) {
                equal(answer.getGetResponses().get(0).getKvs().get(0).getValue(), bytes("new"));
            }
        }
    }

    private void leaseKeys() throws Exception {
        long lease = soon(etcd.getLeaseClient().grant(60)).getID();
        soon(etcd.getKVClient().put(bytes("lease/a"), bytes("1"), PutOption.builder().withLeaseId(lease).build()));
        equal(soon(etcd.getLeaseClient().keepAliveOnce(lease)).getTTL(), 60L);
        var left = soon(etcd.getLeaseClient().timeToLive(lease, LeaseOption.builder().withAttachedKeys().build()));
        equal(List.of(left.getGrantedTTL(), left.getKeys()), List.of(60L, List.of(bytes("lease/a"))));
        soon(etcd.getLeaseClient().revoke(lease));
        equal(soon(etcd.getKVClient().get(bytes("lease/a"))).getCount(), 0L);
    }

    private void leaseExpires() throws Exception {
        BlockingQueue<WatchEvent> events = new LinkedBlockingQueue<>();
        long lease = soon(etcd.getLeaseClient().grant(2)).getID();
        try (var watcher = etcd.getWatchClient().watch(bytes("lease/b"),
                WatchOption.builder().withNoPut(true).withRevision(1).build(), answer -> events.addAll(answer.getEvents()))) {
            soon(etcd.getKVClient().put(bytes("lease/b"), bytes("1"), PutOption.builder().withLeaseId(lease).build()));
            equal(next(events).getEventType(), WatchEvent.EventType.DELETE);
        }
    }

    private void watchEvents() throws Exception {
        BlockingQueue<WatchEvent> events = new LinkedBlockingQueue<>();
        long start = soon(etcd.getKVClient().put(bytes("watch/a"), bytes("1"))).getHeader().getRevision();
        WatchOption option = WatchOption.builder().isPrefix(true).withRevision(start).withPrevKV(true).build();
        try (var watcher = etcd.getWatchClient().watch(bytes("watch/"), option, answer -> events.addAll(answer.getEvents()))) {
            soon(etcd.getKVClient().put(bytes("watch/a"), bytes("2")));
            soon(etcd.getKVClient().put(bytes("elsewhere"), bytes("x")));
            soon(etcd.getKVClient().delete(bytes("watch/a")));
            equal(next(events).getKeyValue().getValue(), bytes("1"));
            WatchEvent second = next(events);
            equal(List.of(second.getKeyValue().getValue(), second.getPrevKV().getValue()), List.of(bytes("2"), bytes("1")));
            WatchEvent third = next(events);
            equal(List.of(third.getEventType(), third.getPrevKV().getValue()), List.of(WatchEvent.EventType.DELETE, bytes("2")));
        }
    }

    private static WatchEvent next(BlockingQueue<WatchEvent> events) throws InterruptedException {
        WatchEvent event = events.poll(Checks.LIMIT_SECONDS, TimeUnit.SECONDS);
        if (event == null) {
            throw new AssertionError("no event came");
        }
        return event;
    }

    private void lockExcludes() throws Exception {
        long first = soon(etcd.getLeaseClient().grant(60)).getID();
        long second = soon(etcd.getLeaseClient().grant(60)).getID();
        ByteSequence held = soon(etcd.getLockClient().lock(bytes("lock"), first)).getKey();
        equal(held, bytes("lock/" + Long.toHexString(first)));
        var waiting = etcd.getLockClient().lock(bytes("lock"), second);
        awaitKeys("lock/", 2);
        equal(waiting.isDone(), false);
        soon(etcd.getLockClient().unlock(held));
        equal(soon(waiting).getKey(), bytes("lock/" + Long.toHexString(second)));
        soon(etcd.getLeaseClient().revoke(second));
    }

    private void election() throws Exception {
        long first = soon(etcd.getLeaseClient().grant(60)).getID();
        long second = soon(etcd.getLeaseClient().grant(60)).getID();
        ByteSequence name = bytes("election");
        CampaignResponse won = soon(etcd.getElectionClient().campaign(name, first, bytes("a")));
        var waiting = etcd.getElectionClient().campaign(name, second, bytes("b"));
        awaitKeys("election/", 2);
        soon(etcd.getElectionClient().proclaim(won.getLeader(), bytes("a2")));
        equal(soon(etcd.getElectionClient().leader(name)).getKv().getValue(), bytes("a2"));
        soon(etcd.getElectionClient().resign(won.getLeader()));
        soon(waiting);
        equal(soon(etcd.getElectionClient().leader(name)).getKv().getValue(), bytes("b"));
    }

    /** Waits until so many are in the queue of a lock or an election. */
    private void awaitKeys(String prefix, long count) throws Exception {
        GetOption option = GetOption.builder().isPrefix(true).withCountOnly(true).build();
        while (soon(etcd.getKVClient().get(bytes(prefix), option)).getCount() != count) {
            Thread.onSpinWait();
        }
    }

    private void members() throws Exception {
        var members = soon(etcd.getClusterClient().listMember()).getMembers();
        equal(members.size(), 1);
        equal(soon(etcd.getMaintenanceClient().statusMember(endpoint)).getLeader(), members.get(0).getId());
    }

    private void authPermissions() throws Exception {
        var admin = etcd.getAuthClient();
        soon(admin.userAdd(bytes("root"), bytes("root's")));
        soon(admin.userGrantRole(bytes("root"), bytes("root")));
        soon(admin.userAdd(bytes("alice"), bytes("alice's")));
        soon(admin.roleAdd(bytes("reader")));
        soon(admin.roleGrantPermission(bytes("reader"), bytes("kv/"), bytes("kv0"), Permission.Type.READ));
        soon(admin.userGrantRole(bytes("alice"), bytes("reader")));
        soon(admin.authEnable());
        try (Client root = as("root", "root's"); Client alice = as("alice", "alice's"); Client wrong = as("alice", "wrong")) {
            try {
                refused(etcd.getKVClient().get(bytes("kv/a")), "user name is empty");
                refused(wrong.getKVClient().get(bytes("kv/a")), "authentication failed");
                equal(soon(alice.getKVClient().get(bytes("kv/a"))).getCount(), 1L);
                refused(alice.getKVClient().get(bytes("txn")), "permission denied");
                refused(alice.getKVClient().put(bytes("kv/a"), bytes("2")), "permission denied");
            } finally {
                soon(root.getAuthClient().authDisable());
            }
        }
    }

    private Client as(String user, String password) {
        return builder().user(bytes(user)).password(bytes(password)).build();
    }
}
