/**
 * What can be a host: an IP address, or a name that DNS and the system's resolver accept (RFC 1123, and underscores, which
 * occur). For another text the answer says what to write instead. Names in other scripts become ASCII before they come here.
 */
import { wordsOf } from "./addressWords.ts"

const LONGEST_NAME = 253
const LONGEST_LABEL = 63

export function isHost(text: string): boolean {
  return hostFault(text) === undefined
}

/** What to write instead of a text that is no host; undefined: it is one. */
export function hostFault(text: string): string | undefined {
  if (wordsOf(text) !== undefined) return undefined
  return shapeFault(text) ?? nameFault(text.endsWith(".") ? text.slice(0, -1) : text)
}

/** The text has something around the host, as copied text often has. */
function shapeFault(text: string): string | undefined {
  if (/\s/.test(text)) return "take the blanks out"
  const [, scheme, rest = ""] = /^([a-z][a-z0-9+.-]*:\/\/)(.*)$/i.exec(text) ?? []
  if (scheme !== undefined) return `write it without ${scheme}: ${rest.split(/[/?#]/, 1)[0]}`
  if (/[/?#@]/.test(text)) return "write the host alone, without path and user"
  if (text.includes("*")) return "a wildcard stands for no single host, write each one by itself"
  if (/^\[.*\]$/.test(text)) return "write an IPv6 address without brackets"
  const [, host, port] = /^([^:]+):([0-9]+)$/.exec(text) ?? []
  return host === undefined ? undefined : `the port has a key of its own: host ${host}, port ${port}`
}

function nameFault(name: string): string | undefined {
  const labels = name.split(".")
  if (labels.includes("")) return "a part between its dots is empty"
  if (/[^ -~]/.test(name)) return "it cannot be written in ASCII, as DNS needs it"
  if (!labels.every((label) => /^[A-Za-z0-9_-]+$/.test(label))) {
    return "its parts may have letters, digits, hyphens and underscores alone"
  }
  if (labels.some((label) => /^-|-$/.test(label))) return "no part of it may begin or end with a hyphen"
  if (labels.some(({ length }) => length > LONGEST_LABEL)) return `a part may have ${LONGEST_LABEL} characters at most`
  if (name.length > LONGEST_NAME) return `it may have ${LONGEST_NAME} characters at most`
  return /^[0-9]+$/.test(labels.at(-1) as string) ? "it looks like an IP address and is none" : undefined
}
