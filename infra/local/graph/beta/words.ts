import { invalidModel } from '../errors';

/** What beta names as the maker of everything: the display name of the application that calls. */
export const caller = 'The calling application';

/** Beta's words for states and kinds are those of v1.0 with a capital: `pendingApproval`, `PendingApproval`. */
export const pascal = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/**
 * The word of v1.0 for one of beta. Beta declares these members as plain text; how it takes a word in another case is
 * unpublished, and the stricter reading is taken here.
 */
export function camel(word: string, member: string): string {
  if (!/^[A-Z]/.test(word)) throw invalidModel(`'${word}' is not a value of '${member}'.`);
  return word.charAt(0).toLowerCase() + word.slice(1);
}
