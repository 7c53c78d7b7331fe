package chat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** The members of the chat room in the order in which they came. */
class Room {
    private final List<Member> members = Collections.synchronizedList(new ArrayList<>());

    void enter(Member member) {
        members.add(member);
    }

    boolean leave(Member member) {
        return members.remove(member);
    }

    Member at(int place) {
        return place >= 0 && place < members.size() ? members.get(place) : null;
    }

    boolean has(String ip, int port) {
        return everybody().stream().anyMatch(m -> m.ip().equals(ip) && m.port == port);
    }

    List<Member> everybody() {
        synchronized (members) {
            return new ArrayList<>(members);
        }
    }
}
