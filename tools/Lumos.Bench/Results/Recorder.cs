namespace Lumos.Bench.Results;

/// <summary>Collects samples and failures while a run is under way.</summary>
internal sealed class Recorder
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Measure, string Peer), List<double>> _samples = [];
    private readonly List<Failure> _failures = [];

    public void Add(string measure, string peer, double value)
    {
        lock (_lock)
        {
            if (!_samples.TryGetValue((measure, peer), out var list))
            {
                _samples[(measure, peer)] = list = [];
            }
            list.Add(value);
        }
    }

    public void Fail(string scenario, string peer, string why)
    {
        lock (_lock)
        {
            _failures.Add(new Failure(scenario, peer, why));
        }
    }

    public IReadOnlyList<Series> Series()
    {
        lock (_lock)
        {
            return [.. _samples.Select(each => new Series(each.Key.Measure, each.Key.Peer, [.. each.Value.Select(value => Math.Round(value, 4))]))];
        }
    }

    public IReadOnlyList<Failure> Failures()
    {
        lock (_lock)
        {
            return [.. _failures];
        }
    }
}
