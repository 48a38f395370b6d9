/**
 * Hosts in ASCII, as DNS, TLS and certificates have them: the one place where names in other scripts are converted (UTS 46, by the
 * runtime's own URL), for the file and for programs. After that all that compares, asks, proves or shows a host sees one form.
 */

const OTHER_SCRIPT = /[^ -~]/
/** With these a URL would read part of the text as something else than its host, or as an escape. */
const DELIMITERS = /[\s/?#@:[\]\\%]/

/** The same text where it is in ASCII already, or cannot be converted: then it is no host. */
export function asciiHost(text: string): string {
  if (!OTHER_SCRIPT.test(text) || DELIMITERS.test(text)) return text
  try {
    return new URL(`http://${text}`).hostname
  } catch {
    // The runtime tells nothing more than that: what is left as it was is refused with a message of its own.
    return text
  }
}

/** The same for a host with a port or without. */
export function asciiDomain(text: string): string {
  const [, host = text, port = ""] = /^(.*?)(:[0-9]+)?$/s.exec(text) ?? []
  return asciiHost(host) + port
}
