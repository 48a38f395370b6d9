/**
 * Hosts in ASCII, as DNS, TLS and certificates have them. Names in other scripts are converted here (UTS 46, by the runtime's
 * own URL), for the file and for programs. After that all code sees one form.
 */

const OTHER_SCRIPT = /[^ -~]/
/** With these characters a URL would read part of the text as something else than its host, or leave them out. */
const DELIMITERS = /[\p{Cc}\s/?#@:[\]\\%]/u

/** The host in ASCII. The same text where it is ASCII already, or cannot be converted: then it is no host. */
export function asciiHost(text: string): string {
  if (!OTHER_SCRIPT.test(text) || DELIMITERS.test(text)) return text
  try {
    return new URL(`http://${text}`).hostname
  } catch {
    // The runtime gives no reason. The unchanged text is refused later, with a message of its own.
    return text
  }
}

/** The same for a host with or without a port. */
export function asciiDomain(text: string): string {
  const [, host = text, port = ""] = /^(.*?)(:[0-9]+)?$/s.exec(text) ?? []
  return asciiHost(host) + port
}
