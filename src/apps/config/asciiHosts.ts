/** Converts the hosts of a file to ASCII before any decoding. A listener that names a preheated domain is converted too. */
import { asciiDomain, asciiHost } from "../../ingress/asciiHost.ts"
import { isPlain, put } from "./plain.ts"

/** Changes the value in place. */
export function asciiHosts(file: unknown): void {
  if (!isPlain(file)) return
  for (const upstream of Object.values(isPlain(file["upstreams"]) ? file["upstreams"] : {})) {
    if (!isPlain(upstream)) continue
    convert(upstream, "host", asciiHost)
    coverName(upstream)
  }
  coverName(file)
  const { builtin, admin, listeners, preheatDomains } = file
  if (isPlain(admin)) each(admin["hosts"], asciiHost)
  if (isPlain(builtin)) {
    for (const [name, addresses] of Object.entries(builtin)) {
      delete builtin[name]
      put(builtin, asciiHost(name), addresses)
    }
  }
  const domains = Array.isArray(preheatDomains) ? [...preheatDomains] : []
  each(preheatDomains, asciiDomain)
  for (const listener of Array.isArray(listeners) ? listeners : []) {
    if (isPlain(listener) && domains.includes(listener["upstream"])) convert(listener, "upstream", asciiDomain)
  }
}

function coverName({ tls }: Readonly<Record<string, unknown>>): void {
  if (isPlain(tls)) convert(tls, "coverName", asciiHost)
}

function each(list: unknown, ascii: (text: string) => string): void {
  if (Array.isArray(list)) list.forEach((_, i) => convert(list, i, ascii))
}

function convert(holder: object, key: string | number, ascii: (text: string) => string): void {
  const value = (holder as Record<string | number, unknown>)[key]
  if (typeof value === "string") put(holder, key, ascii(value))
}
