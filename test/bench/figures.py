"""What is made of samples; None stands for one that failed, or for no figure."""
import statistics


def median(samples):
    samples = [sample for sample in samples if sample is not None]
    return statistics.median(samples) if samples else None


def ratio(mine, theirs):
    """The median of the repetitions' ratios."""
    return median([a / b for a, b in zip(mine, theirs) if a and b])


def own_cost(bare, samples):
    """Microseconds of a connection that are the path's own: without what bare veth takes. Of thousand connections per second."""
    return median([1e3 / sample - 1e3 / limit for sample, limit in zip(samples, bare) if sample and limit])


def own_costs(bare, mine, *others):
    """That of one, and how many times it that of others is."""
    own, *theirs = (own_cost(bare, samples) for samples in (mine, *others))
    return own, *(one / own if own and own > 0 and one else None for one in theirs)
