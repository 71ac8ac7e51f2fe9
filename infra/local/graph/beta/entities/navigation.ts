import { navigationIn } from '../../odata/navigation';
import { beta } from '../dialect';

export const { toOne, toMany } = navigationIn(beta);
