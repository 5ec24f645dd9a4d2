import ipaddr from 'ipaddr.js'
import { kindOf, PipelineError, type Problem } from './errors.ts'

/** Which addresses may be called. It belongs to the process's configuration, never to a row that an editor can edit. */
export interface NetworkOptions {
  /** What is allowed to begin with: `public`, every public address. Default, and the only one. */
  preset?: 'public'
  /**
   * What else is allowed: addresses (`10.1.2.3`), CIDRs (`10.1.0.0/16`, `fd00::/8`), host names (`localhost`, `cms.internal`)
   * and host patterns (`*.svc.cluster.local`: every name below). A name allows whatever private address it resolves to.
   * Link-local and metadata addresses stay refused. Default none.
   */
  allow?: readonly string[]
  /** `required` refuses http. Default `any`. */
  https?: 'required' | 'any'
  /** The ports that may be called. Default all. */
  ports?: readonly number[]
}

/** Why an url or an address is not called. The message names the address, its range, and the setting that would allow it. */
export interface Refusal {
  message: string
}

export interface Network {
  /** All that the url itself tells: scheme, userinfo, port, address literals, names that are never allowed. Resolves nothing. */
  checkUrl(url: string): Refusal | null
  /** One address that `host` resolved to; ask it of every address before it is dialled. */
  checkAddress(host: string, address: string): Refusal | null
}

type Ip = ipaddr.IPv4 | ipaddr.IPv6
interface Range {
  cidr: string
  what: string
  parsed: [Ip, number]
}

const NEVER: readonly Range[] = toRanges({
  '169.254.0.0/16': 'link-local, where clouds keep their metadata',
  'fe80::/10': 'link-local',
  'fd00:ec2::254/128': 'the metadata address of AWS',
  'fd20:ce::254/128': 'the metadata address of Google Cloud',
  '100.100.100.200/32': 'the metadata address of Alibaba Cloud',
  '168.63.129.16/32': "Azure's wire server",
  '192.0.0.192/32': 'a metadata address of Oracle Cloud',
})

const NEVER_NAMES: ReadonlySet<string> = new Set([
  'metadata.google.internal',
  'metadata.goog',
  'instance-data',
  'instance-data.ec2.internal',
])

/** The special-purpose registries of IANA, and what once was in them; a narrow range before a wide one that holds it. */
const SPECIAL: readonly Range[] = toRanges({
  '0.0.0.0/8': 'this network',
  '10.0.0.0/8': 'private',
  '100.64.0.0/10': 'shared by carriers',
  '127.0.0.0/8': 'loopback',
  '172.16.0.0/12': 'private',
  '192.0.0.0/24': 'reserved for protocols',
  '192.0.2.0/24': 'for documentation',
  '192.31.196.0/24': 'AS112',
  '192.52.193.0/24': 'AMT',
  '192.88.99.0/24': '6to4 relays',
  '192.168.0.0/16': 'private',
  '192.175.48.0/24': 'AS112',
  '198.18.0.0/15': 'for benchmarks',
  '198.51.100.0/24': 'for documentation',
  '203.0.113.0/24': 'for documentation',
  '224.0.0.0/4': 'multicast',
  '255.255.255.255/32': 'broadcast',
  '240.0.0.0/4': 'reserved',
  '::/128': 'unspecified',
  '::1/128': 'loopback',
  '64:ff9b::/96': 'NAT64',
  '64:ff9b:1::/48': 'NAT64',
  '100::/64': 'discarded',
  '100:0:0:1::/64': 'reserved',
  '2001::/32': 'Teredo',
  '2001::/23': 'reserved for protocols',
  '2001:db8::/32': 'for documentation',
  '2002::/16': '6to4',
  '3fff::/20': 'for documentation',
  '5f00::/16': 'segment routing',
  'fc00::/7': 'private',
  'fec0::/10': 'site-local',
  'ff00::/8': 'multicast',
})

/** IANA gives global addresses out of this alone; what lies outside of it is none, known or not. */
const GLOBAL: [Ip, number] = ipaddr.parseCIDR('2000::/3')

/** Compiles the options. Throws CONFIG_INVALID, naming each bad entry. */
export function createNetwork(options: NetworkOptions = {}): Network {
  const { allow, problems } = compile(options)
  if (problems.length > 0) {
    const told = problems.map(({ path, message }) => `${path} ${message}`).join('; ')
    throw new PipelineError('CONFIG_INVALID', told, { problems })
  }
  const { https = 'any', ports } = options

  function checkAddress(host: string, address: string): Refusal | null {
    const ip = toIp(address)
    if (ip === null) return { message: `"${address}" cannot be read as an address` }
    const name = hostOf(host)
    const at = toIp(name) === null ? `${name} is at ${ip}, which` : `${ip}`
    const inside = embedded(ip)
    for (const each of inside === null ? [ip] : [ip, inside]) {
      const never = rangeOf(each, NEVER)
      if (never !== null) {
        const through = each === ip ? '' : `leads to ${each}, which `
        return { message: `${at} ${through}is ${never.what} (${never.cidr}): never called, whatever network.allow says` }
      }
    }
    if (allow.names.has(name) || allow.suffixes.some((suffix) => name.endsWith(suffix))) return null
    // An address that wraps another needs both allowed: a NAT64 that is allowed is no way into the private network.
    for (const each of inside === null ? [ip] : [ip, inside]) {
      const special = specialOf(each)
      if (special === null || allow.ranges.some((range) => matches(each, range))) continue
      const through = each === ip ? '' : `leads to ${each}, which `
      const setting = `network.allow: ['${special.cidr}']${toIp(name) === null ? ` or ['${name}']` : ''}`
      return {
        message: `${at} ${through}is ${special.what} (${special.cidr}): only called if the process allows it with ${setting}`,
      }
    }
    return null
  }

  function checkUrl(url: string): Refusal | null {
    const parsed = toUrl(url)
    if (parsed === null) {
      const zone = /\[[^\]]*%/.test(url) ? ': an address must not have a zone id' : ''
      return { message: `not a valid url${zone}` }
    }
    const { protocol, hostname, port, username, password } = parsed
    if (protocol !== 'http:' && protocol !== 'https:')
      return { message: `an url that begins with "${protocol}" cannot be called: only https: and http:` }
    if (protocol === 'http:' && https === 'required')
      return { message: `http: is only called if the process allows it with network.https: 'any'` }
    if (username !== '' || password !== '')
      return { message: 'an url must not hold a user name or a password: use the auth of the target' }
    const name = hostOf(hostname)
    if (name === '') return { message: 'an url must name a host' }
    const dialled = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
    if (ports !== undefined && !ports.includes(dialled))
      return { message: `port ${dialled} of ${name} is not among network.ports` }
    if (NEVER_NAMES.has(name)) return { message: `${name} is a metadata server: never called, whatever network.allow says` }
    if (toIp(name) !== null) return checkAddress(name, name)
    // These names are loopback everywhere, so that it can be told where nothing is resolved.
    if (name === 'localhost' || name.endsWith('.localhost')) return checkAddress(name, '::1') && checkAddress(name, '127.0.0.1')
    return null
  }

  return { checkUrl, checkAddress }
}

interface Allowed {
  ranges: [Ip, number][]
  names: Set<string>
  /** With their leading dot. */
  suffixes: string[]
}

function compile(options: NetworkOptions): { allow: Allowed; problems: Problem[] } {
  const allow: Allowed = { ranges: [], names: new Set(), suffixes: [] }
  const problems: Problem[] = []
  const problem = (path: string, message: string) => problems.push({ path, message })
  const { preset = 'public', allow: entries = [], https = 'any', ports = [] } = options
  if (preset !== 'public') problem('network.preset', "has to be 'public'")
  if (https !== 'any' && https !== 'required') problem('network.https', "has to be 'any' or 'required'")
  const isPort = (port: unknown) => Number.isInteger(port) && (port as number) > 0 && (port as number) < 65_536
  if (!Array.isArray(ports) || !ports.every(isPort)) problem('network.ports', 'has to be an array of numbers from 1 to 65535')
  if (Array.isArray(entries)) {
    for (const [at, entry] of entries.entries()) {
      const wrong = admit(entry, allow)
      if (wrong !== null) problem(`network.allow[${at}]`, wrong)
    }
  } else problem('network.allow', `has to be an array of addresses, CIDRs and host names, not ${kindOf(entries)}`)
  return { allow, problems }
}

/** Takes an entry into the allow list, or answers what is wrong with it. */
function admit(entry: unknown, allow: Allowed): string | null {
  if (typeof entry !== 'string' || entry === '') return `has to be an address, a CIDR or a host name, not ${kindOf(entry)}`
  const range = toRange(entry)
  if (range !== null) {
    allow.ranges.push(range)
    return null
  }
  const pattern = entry.startsWith('*.')
  const host = pattern ? entry.slice(2) : entry
  const name = /[\s/\\:@?#%[\]*]/.test(host) ? undefined : toUrl(`http://${host}`)?.hostname
  // "10.1" and "2130706433" are addresses to an url parser: who writes them may mean something else.
  if (name === undefined || toIp(name) !== null) {
    return `"${entry}" is not an address (10.1.2.3), a CIDR (10.0.0.0/8), a host name (cms.internal) or a pattern (*.cms.internal)`
  }
  if (pattern) allow.suffixes.push(`.${hostOf(name)}`)
  else allow.names.add(hostOf(name))
  return null
}

function toRange(entry: string): [Ip, number] | null {
  const text = entry.replace(/^\[(.*)\]$/, '$1')
  const alone = toIp(text)
  if (alone !== null && !text.includes('%')) return [alone, alone.kind() === 'ipv4' ? 32 : 128]
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text)
  if (match === null || text.includes('%') || !isAddress(match[1] as string)) return null
  const ip = ipaddr.parse(match[1] as string)
  const bits = Number(match[2])
  if (bits > (ip.kind() === 'ipv4' ? 32 : 128)) return null
  if (ip.kind() === 'ipv6' && bits >= 96 && (ip as ipaddr.IPv6).isIPv4MappedAddress())
    return [(ip as ipaddr.IPv6).toIPv4Address(), bits - 96]
  return [ip, bits]
}

function toRanges(table: Record<string, string>): Range[] {
  return Object.entries(table).map(([cidr, what]) => ({ cidr, what, parsed: ipaddr.parseCIDR(cidr) }))
}

function specialOf(ip: Ip): Pick<Range, 'cidr' | 'what'> | null {
  const special = rangeOf(ip, SPECIAL)
  if (special !== null || ip.kind() === 'ipv4') return special
  if (isIsatap(ip)) return { cidr: `${ip}/128`, what: 'ISATAP' }
  return matches(ip, GLOBAL) ? null : { cidr: `${ip}/128`, what: 'not a global address' }
}

function rangeOf(ip: Ip, ranges: readonly Range[]): Range | null {
  return ranges.find(({ parsed }) => matches(ip, parsed)) ?? null
}

function matches(ip: Ip, [other, bits]: [Ip, number]): boolean {
  return ip.kind() === other.kind() && ip.match(other, bits)
}

/** Four decimals or IPv6, nothing that only some parsers read. */
function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || (text.includes(':') && ipaddr.IPv6.isValid(text))
}

/** Unmapped: `::ffff:127.0.0.1` is `127.0.0.1`. Null: not an address. */
function toIp(text: string): Ip | null {
  // ipaddr.js reads "::8.8.8.8" as mapped, the system does not.
  return isAddress(text) ? ipaddr.process(text.replace(/^::(?=\d+\.)/, '::0:')) : null
}

function isIsatap(ip: Ip): boolean {
  if (ip.kind() === 'ipv4') return false
  const { parts } = ip as ipaddr.IPv6
  return ((parts[4] as number) & 0xfdff) === 0 && parts[5] === 0x5efe
}

/** The IPv4 address to which a transition mechanism would pass this one on; null: none. */
function embedded(ip: Ip): ipaddr.IPv4 | null {
  if (ip.kind() === 'ipv4') return null
  const [a, b, c, d, e, f, g, h] = (ip as ipaddr.IPv6).parts as [number, number, number, number, number, number, number, number]
  const v4 = (high: number, low: number) => new ipaddr.IPv4([high >> 8, high & 255, low >> 8, low & 255])
  if (a === 0x2002) return v4(b, c)
  if (a === 0x2001 && b === 0) return v4(g ^ 0xffff, h ^ 0xffff)
  if (a === 0x64 && b === 0xff9b) return v4(g, h)
  if (isIsatap(ip)) return v4(g, h)
  // IPv4-compatible (::a.b.c.d, but not :: and ::1), and translated (::ffff:0:a.b.c.d).
  if ((a | b | c | d) === 0 && ((e === 0 && f === 0 && (g > 0 || h > 1)) || (e === 0xffff && f === 0))) return v4(g, h)
  return null
}

/** As names are compared: lower case, without the brackets of an address and the dot of the root. */
function hostOf(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.+$/, '')
}

function toUrl(url: string): URL | null {
  return URL.canParse(url) ? new URL(url) : null
}
