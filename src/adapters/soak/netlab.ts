/** The program of the lab's network, for `python3 -c`: JavaScript cannot open a TUN device. The soak and the benchmarks run it. */
export const NETLAB = String.raw`"""Two network namespaces with a distance between them, for what loopback cannot show.

Packets between the namespace NAME-near (clients, forwarders) and NAME-far (servers) pass through this process, which
holds each of them for half the round trip of its far address, loses some, or all. Handshakes, resets and
retransmissions are the kernel's own. All addresses are of 198.18.0.0/15, set aside for benchmarks (RFC 2544), and
nothing leaves the two namespaces. Needs root, iproute2 and /dev/net/tun.

    NAME ADDRESS=RTT_MS...

Namespaces that exist already are used and left; others are made, and deleted at the end. Prints "ready", then obeys
lines on stdin until it ends or a signal comes, and acknowledges each:

    ADDRESS rtt MS | ADDRESS jitter SHARE | ADDRESS loss SHARE | ADDRESS dark | ADDRESS light
"""
import fcntl
import heapq
import os
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from ctypes import CDLL, get_errno

NEAR_ADDRESS = "198.18.255.1/15"
FAR_NETWORK = "198.18.0.0/15"
TUN_REQUEST = struct.pack("16sH22x", b"dist0", 0x0001 | 0x1000)  # IFF_TUN, IFF_NO_PI
TUNSETIFF = 0x400454CA
CLONE_NEWNET = 0x40000000
BATCH = 512


def run(*command, check=True):
    subprocess.run(command, check=check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Host:
    """One far address and what the way to it is like."""

    def __init__(self, rtt_ms):
        self.one_way_s = rtt_ms / 2000
        # The way varies by this share in either direction.
        self.jitter = 0.0
        self.loss = 0.0
        self.dark = False
        # A link keeps packets in order: nothing overtakes, in either direction.
        self.last_out = {True: 0.0, False: 0.0}

    def obey(self, words):
        if words[0] == "rtt":
            self.one_way_s = float(words[1]) / 2000
        elif words[0] == "jitter":
            self.jitter = float(words[1])
        elif words[0] == "loss":
            self.loss = float(words[1])
        else:
            self.dark = words[0] == "dark"

    def release(self, now, outward):
        """When a packet that came now goes on; None when it is lost."""
        if self.dark or (self.loss > 0 and random.random() < self.loss):
            return None
        one_way_s = self.one_way_s * (1 + self.jitter * (2 * random.random() - 1))
        due = max(now + one_way_s, self.last_out[outward])
        self.last_out[outward] = due
        return due


def tun_within(namespace):
    """A TUN device that lives in a namespace; this process stays where it is."""
    libc = CDLL(None, use_errno=True)
    with open("/proc/self/ns/net") as home, open(f"/run/netns/{namespace}") as there:
        if libc.setns(there.fileno(), CLONE_NEWNET) != 0:
            raise OSError(get_errno(), f"cannot enter {namespace}")
        try:
            device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(device, TUNSETIFF, TUN_REQUEST)
        finally:
            libc.setns(home.fileno(), CLONE_NEWNET)
    return device


def build(name, addresses, made):
    devices = []
    for side in ("near", "far"):
        namespace = f"{name}-{side}"
        if not os.path.exists(f"/run/netns/{namespace}"):
            made.append(namespace)
            run("ip", "netns", "add", namespace)
        devices.append(tun_within(namespace))
        run("ip", "-n", namespace, "link", "set", "lo", "up")
        run("ip", "-n", namespace, "link", "set", "dist0", "up", "txqueuelen", "10000")
    run("ip", "-n", f"{name}-near", "addr", "add", NEAR_ADDRESS, "dev", "dist0")
    run("ip", "-n", f"{name}-far", "route", "add", FAR_NETWORK, "dev", "dist0")
    for address in addresses:
        run("ip", "-n", f"{name}-far", "addr", "add", f"{address}/32", "dev", "lo")
    return devices


def packets(device):
    for _ in range(BATCH):
        try:
            yield os.read(device, 65536)
        except BlockingIOError:
            return
        except OSError:
            # The interface is down. It stays readable, which must not take all of a core.
            time.sleep(0.01)
            return


def carry(near, far, hosts):
    held = []
    order = 0
    commands = b""
    while True:
        now = time.monotonic()
        while held and held[0][0] <= now:
            _, _, device, packet = heapq.heappop(held)
            try:
                os.write(device, packet)
            except OSError:
                pass  # a full queue loses packets, as a link does
        wait = max(0.0, held[0][0] - now) if held else None
        readable, _, _ = select.select([near, far, sys.stdin], [], [], wait)
        for source in readable:
            if source is sys.stdin:
                data = os.read(sys.stdin.fileno(), 65536)
                if not data:
                    return
                commands += data
                while b"\n" in commands:
                    line, commands = commands.split(b"\n", 1)
                    address, *words = line.decode().split()
                    hosts[socket.inet_aton(address)].obey(words)
                    print(line.decode(), flush=True)
                continue
            outward = source == near
            for packet in packets(source):
                if packet[0] >> 4 != 4:
                    continue
                host = hosts.get(packet[16:20] if outward else packet[12:16])
                due = host.release(time.monotonic(), outward) if host else None
                if due is not None:
                    order += 1
                    heapq.heappush(held, (due, order, far if outward else near, packet))


def stop(_signal, _frame):
    raise SystemExit(0)


def main(argv):
    if len(argv) < 3:
        sys.exit(__doc__)
    name = argv[1]
    given = dict(part.split("=") for part in argv[2:])
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    made = []
    try:
        near, far = build(name, given, made)
        hosts = {socket.inet_aton(address): Host(float(rtt)) for address, rtt in given.items()}
        print("ready", flush=True)
        carry(near, far, hosts)
    finally:
        for namespace in made:
            run("ip", "netns", "del", namespace, check=False)


main(sys.argv)
`
