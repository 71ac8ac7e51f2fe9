import { navigationIn } from '../../odata/navigation';
import { v1 } from '../dialect';

export const { toOne, toMany } = navigationIn(v1);
