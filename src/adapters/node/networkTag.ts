/**
 * Which network this machine is in, as a tag that is the same whenever it is there: how far away an address is depends on it.
 *
 * The tag is a digest of the networks (/24, /64) of the addresses that this machine's interfaces have. Node and Deno do not tell
 * which of them has the default route, so all of them count but loopback, link-local addresses (the same everywhere) and the
 * bridges of containers and virtual machines, which come and go. A tag that differs for no good reason costs little: then
 * records order probes and serve for `history.serveFor`, no longer.
 */
import { createHash } from "node:crypto"
import * as os from "node:os"

const BRIDGE = /^(br-|cni|docker|flannel|lxc|podman|veth|virbr|vmnet|vboxnet)/
const TAG_CHARS = 16

type Interfaces = ReturnType<typeof os.networkInterfaces>

/** Empty: it has no network, or nobody may know. */
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
