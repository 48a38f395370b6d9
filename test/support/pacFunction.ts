/** FindProxyForURL of a PAC file, as a browser takes it from the file's global scope. */
export function pacFunction(text: string): (url: string, host: string) => string {
  return new Function(`${text}; return FindProxyForURL`)()
}
