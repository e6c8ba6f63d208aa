/** linkOf returns the token of a one-time link such as /setup#pkl_…; '' where the address is none. */
export function linkOf(at: { pathname: string; hash: string }): string {
  const token = at.hash.slice(1);
  return at.pathname === '/setup' && token.startsWith('pkl_') ? token : '';
}
