/** The test suites of clients of other projects: which versions, what they need, and which of their files use a network. */
export interface Suite {
  readonly name: string
  readonly version: string
  /** Packages that its tests need, for pip. */
  readonly needs: ReadonlyArray<string>
  /** Files and flags for pytest, from the root of the source distribution. */
  readonly tests: ReadonlyArray<string>
}

export const suites: ReadonlyArray<Suite> = [
  {
    name: "requests",
    version: "2.32.5",
    needs: ["pytest<9", "pytest-httpbin==2.1.0", "httpbin~=0.10.0", "pytest-mock", "trustme", "PySocks"],
    tests: ["tests"]
  },
  {
    name: "httpx",
    version: "0.28.1",
    needs: [
      "pytest<9",
      "uvicorn",
      "trio",
      "anyio",
      "trustme",
      "chardet",
      "h2",
      "socksio",
      "brotli",
      "zstandard",
      "cryptography"
    ],
    tests: ["tests", "-p", "no:cacheprovider"]
  },
  {
    name: "urllib3",
    version: "2.5.0",
    needs: [
      "pytest<9",
      "pytest-timeout",
      "trustme",
      "quart",
      "quart-trio",
      "hypercorn",
      "trio",
      "idna",
      "PySocks",
      "h2",
      "tornado",
      "pytest-socket",
      "httpx",
      "cryptography",
      "pyOpenSSL"
    ],
    tests: ["test/with_dummyserver", "test/test_connectionpool.py", "test/test_poolmanager.py"]
  },
  {
    name: "aiohttp",
    version: "3.13.2",
    needs: [
      "pytest<9",
      "pytest-mock",
      "pytest-xdist",
      "pytest-cov",
      "pytest-codspeed",
      "trustme",
      "freezegun",
      "re-assert",
      "blockbuster",
      "proxy.py",
      "isal",
      "zlib_ng",
      "setuptools-git",
      "wait-for-it",
      "backports.zstd"
    ],
    tests: [
      "tests/test_client_functional.py",
      "tests/test_client_ws_functional.py",
      "tests/test_proxy_functional.py",
      "tests/test_web_functional.py",
      "tests/test_web_websocket_functional.py",
      "tests/test_web_sendfile_functional.py"
    ]
  }
]
