namespace Lumos.Vm.Metadata.Agent;

/// <summary>What a zone may still ask for: fills up with time, empties with use. One that was overdrawn has to get well above nothing first.</summary>
internal sealed class TokenBucket(TimeProvider clock, int most, int perSecond)
{
    private double _tokens = most;
    private long _filled = clock.GetTimestamp();

    /// <summary>Takes tokens, also those that are not there; false: it is overdrawn, and the zone has to wait.</summary>
    internal bool Take(int count)
    {
        Fill();
        _tokens -= count;
        return _tokens >= 0;
    }

    /// <summary>Whether a zone that waited may go on.</summary>
    internal bool HasRecovered()
    {
        Fill();
        return _tokens >= most / 10.0;
    }

    private void Fill()
    {
        long now = clock.GetTimestamp();
        _tokens = Math.Min(most, _tokens + clock.GetElapsedTime(_filled, now).TotalSeconds * perSecond);
        _filled = now;
    }
}
