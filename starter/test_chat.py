import pytest

pytestmark = pytest.mark.peerlab(profile="profiles/chat.yaml")


def test_hello(lab):
    alice, bob = lab.peers("alice", "bob")
    alice.connect(bob)
    alice.send(bob, "hi")
    bob.expect_message("hi", sender=alice)


def test_all_at_once(lab):
    peers = lab.peers(4)
    lab.connect_all("mesh")
    lab.together(*(lambda p=p, q=q: p.send(q, f"from {p.name}") for p in peers for q in peers
                   if p is not q))


def test_a_peer_that_has_gone(lab):
    alice, bob = lab.peers("alice", "bob")
    bob.exit()
    alice.connect(bob, refused="")
    assert alice.list() == []


def test_a_crash(lab):
    alice, bob = lab.peers("alice", "bob")
    alice.connect(bob)
    with bob.kill():
        alice.expect_closed(bob)
    alice.connect(bob)
    alice.send(bob, "welcome back")
