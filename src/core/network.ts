/** What the text of an address says about the way to it. */
import { wordsOf } from "./addressWords.ts"
import type { Family } from "./model/Outage.ts"

/** Whether only this machine can reach it: 127.0.0.0/8, also mapped into IPv6, and ::1. A name is no address, not even `localhost`. */
export function isLoopback(host: string): boolean {
  // The first characters rule out almost every address. The core asks for each answer.
  if (!/^(127\.|[0:])/.test(host)) return false
  const words = wordsOf(host)
  if (words === undefined) return false
  const [first = 0, second, third, last] = words
  return words.length === 1 ? first >>> 24 === 127 : first === 0 && second === 0 && third === 0 && last === 1
}

/** Whether the way to it leaves this machine. */
export function needsNetwork(host: string): boolean {
  return !isLoopback(host)
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
