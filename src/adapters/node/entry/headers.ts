/**
 * Headers of a message that a proxy passes on (RFC 9110, 7.6). Those that are for one connection alone stay here: `Connection` and what
 * it names, the older ones of the same kind, and all credentials for proxies.
 */
const OF_ONE_CONNECTION = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authorization",
  "proxy-authenticate",
  "proxy-authentication-info",
  "te",
  "transfer-encoding",
  "upgrade"
]

/** Names of headers that no `Connection` may take out: the message would mean something else without them. */
const NEEDED = ["host", "content-length", "content-type"]

export const VIA = "1.1 fairlead"

/** Name and values, in the order and the spelling in which the message has them. `raw` has names and values in turns. */
export type Headers = ReadonlyArray<readonly [name: string, values: ReadonlyArray<string>]>

export function passedOn(raw: ReadonlyArray<string>, without: ReadonlyArray<string> = []): Headers {
  const found = new Map<string, readonly [string, Array<string>]>()
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [name = "", value = ""] = [raw[i], raw[i + 1]]
    const known = found.get(name.toLowerCase())
    if (known === undefined) found.set(name.toLowerCase(), [name, [value]])
    else known[1].push(value)
  }
  const named = (found.get("connection")?.[1] ?? []).flatMap((value) => value.split(","))
    .map((name) => name.trim().toLowerCase()).filter((name) => !NEEDED.includes(name))
  for (const name of [...OF_ONE_CONNECTION, ...named, ...without]) found.delete(name)
  return [...found.values()]
}

/** A message with these headers and one more value of one of them. */
export function withValue(headers: Headers, name: string, value: string): Headers {
  const at = headers.findIndex(([one]) => one.toLowerCase() === name.toLowerCase())
  if (at < 0) return [...headers, [name, [value]]]
  return headers.map((one, i) => i === at ? [one[0], [...one[1], value]] : one)
}

/** The value of a header with one value, or the list that a program may give for several. */
export function valueOf(values: ReadonlyArray<string>): string | Array<string> {
  return values.length === 1 ? values[0] as string : [...values]
}

/** The head of an answer as text. */
export function headText(status: number, reason: string, headers: Headers): string {
  const lines = headers.flatMap(([name, values]) => values.map((value) => `${name}: ${value}`))
  return `${[`HTTP/1.1 ${status} ${reason}`, ...lines].join("\r\n")}\r\n\r\n`
}
