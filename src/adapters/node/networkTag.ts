/**
 * A tag for the network that this machine is in, the same each time it is there. The distance to an address depends on the
 * network.
 *
 * The tag is a digest of the networks (/24, /64) of the interfaces' addresses. Neither runtime shows which interface has the
 * default route, so all of them count, except:
 * - loopback;
 * - link-local addresses, which are the same everywhere;
 * - bridges of containers and virtual machines, which come and go.
 *
 * A tag that differs for no good reason costs little: records then order probes, and serve for `history.serveFor` at most.
 */
import { createHash } from "node:crypto"
import * as os from "node:os"

const BRIDGE = /^(br-|cni|docker|flannel|lxc|podman|veth|virbr|vmnet|vboxnet)/
const TAG_CHARS = 16

type Interfaces = ReturnType<typeof os.networkInterfaces>

/** Empty: the machine has no network, or its addresses may not be read. */
export function networkTag(interfacesOf: () => Interfaces = os.networkInterfaces): string {
  const networks = new Set<string>()
  try {
    for (const [name, addresses] of Object.entries(interfacesOf())) {
      if (BRIDGE.test(name)) continue
      for (const { address, internal } of addresses ?? []) if (!internal) networks.add(networkOf(address))
    }
  } catch {
    return ""
  }
  networks.delete("")
  if (networks.size === 0) return ""
  return createHash("sha256").update([...networks].sort().join(" ")).digest("hex").slice(0, TAG_CHARS)
}

function networkOf(address: string): string {
  if (!address.includes(":")) return address.startsWith("169.254.") ? "" : address.split(".").slice(0, 3).join(".")
  if (/^fe[89ab]/i.test(address)) return ""
  const [head = "", tail = ""] = address.toLowerCase().split("%")[0]!.split("::")
  const front = head.split(":").filter((group) => group !== "")
  const back = tail.split(":").filter((group) => group !== "")
  const missing = address.includes("::")
    ? Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => "0")
    : []
  return [...front, ...missing, ...back].slice(0, 4).join(":")
}
