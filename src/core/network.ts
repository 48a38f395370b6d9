/** What the text of an address says about the way to it. Literals are in canonical form. */
import type { Family } from "./model/Outage.ts"

/** Whether the way to it leaves this machine. */
export function needsNetwork(host: string): boolean {
  return host !== "::1" && !host.startsWith("127.") && !host.startsWith("::ffff:127.")
}

export function familyOf(host: string): Family {
  return host.includes(":") ? "ipv6" : "ipv4"
}

/**
 * The network that the address is part of: /16 or, for IPv6, /32. Addresses of two networks rarely fail together because of
 * a fault far from here.
 */
export function networkOf(host: string): string {
  const [first, second] = host.split(familyOf(host) === "ipv4" ? "." : ":")
  return `${first}:${second === "" ? "0" : second}`
}
