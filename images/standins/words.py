"""Word lists that made-up rows are written from. Common words, so that a small vocabulary covers them."""

NAMES = (
    "Anna Ben Clara David Emma Felix Grace Henry Ivy Jack Kara Leo Maria Noah Olga Peter Quinn Rosa Sam Tina "
    "Umar Vera Will Xenia Yusuf Zoe Alan Bella Carlos Dora Erik Fatima George Hana Igor Julia Kevin Lena Marco Nina"
).split()
SURNAMES = (
    "Smith Jones Brown Garcia Miller Davis Wilson Moore Taylor Clark Lewis Walker Young King Hill Green Baker "
    "Adams Nelson Carter Mitchell Turner Phillips Parker Evans Collins Stewart Morris Rogers Reed"
).split()
PLACES = (
    "London Paris Berlin Madrid Rome Tokyo Chicago Boston Dublin Vienna Lisbon Oslo Prague Cairo Sydney Toronto "
    "Geneva Athens Delhi Lima Seoul Denver Austin Leeds Naples Bergen Osaka Quito Milan Zurich"
).split()
COUNTRIES = "France Germany Spain Italy Japan Canada Egypt Norway Peru India Austria Ireland Greece Korea Chile".split()
ORGANISATIONS = (
    "Acme Corporation;Northern Bank;United Motors;River Press;Blue Sky Airlines;City Hospital;Summit Energy;"
    "Harbor Foods;Stone Records;Pioneer Software;Green Valley School;Union Railway;Central Museum;Delta Telecom"
).split(";")
THINGS = (
    "apples books pencils cards cookies flowers stickers marbles tickets oranges bottles shirts candles stamps "
    "balloons ribbons cupcakes bricks shells coins posters seeds buttons notebooks"
).split()
NOUNS = (
    "house river teacher market garden window doctor letter mountain engine story winter school bridge music "
    "dinner camera ship forest office machine painting computer team village child horse road station theory "
    "report season company player student island law kitchen film planet museum valley animal"
).split()
ADJECTIVES = (
    "old new quiet large small bright dark early late simple strange green heavy famous local modern cold warm "
    "broken clear deep empty gentle hidden important long narrow open plain rich short"
).split()
VERBS = (
    "found built visited described changed sold opened watched painted moved followed studied carried repaired "
    "crossed finished remembered explained measured reached started saved counted mentioned replaced"
).split()
ADVERBS = "quickly slowly often finally carefully rarely quietly suddenly again together almost really later".split()
POSITIVE = "wonderful brilliant moving charming excellent superb delightful clever warm gripping".split()
NEGATIVE = "terrible dull boring clumsy awful weak tedious pointless shallow annoying".split()
TOPIC_NOUNS = (
    "minister election treaty;match coach goal;market shares profit;software laptop network;planet cell experiment;"
    "doctor patient vaccine;singer album concert;recipe oven flavour;train ticket hotel;court judge lawyer;"
    "teacher exam campus;storm rain forecast;engine wheel driver;painter gallery canvas;river forest animal;"
    "farm harvest tractor;phone camera screen;bank loan account;jacket shoe fabric;novel author chapter"
).split(";")
"""Groups of three words; a class of a made-up classification task is told by the group at its index."""
