import '@shopify/ui-extensions/preact';
import {render} from 'preact';

import {ArtworkBlock} from './ArtworkBlock';
import {orderId} from './orders';

export default () => {
  render(<ArtworkBlock order={orderId(shopify.data.selected[0]?.id)} />, document.body);
};
