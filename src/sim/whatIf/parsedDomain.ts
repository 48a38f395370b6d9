/** The host and port in the name of a host on demand. */
export function parsedDomain(name: string): { readonly host: string; readonly port: number } | undefined {
  const match = /^\[?(.+?)\]?:(\d+)$/.exec(name)
  return match === null ? undefined : { host: match[1] as string, port: Number(match[2]) }
}
