namespace Lumos.Bench.Peers;

/// <summary>Addresses for zones of peers that leave them to DHCP.</summary>
internal static class ZoneAddress
{
    private static int _next;

    /// <summary>Gives the interface of a running zone the next free address, from within.</summary>
    public static string Give(IPeer peer, string zone, string @interface)
    {
        string address = Next();
        peer.Exec(zone, "bench-init", "address", @interface, address, "255.255.0.0");
        return address;
    }

    public static string Next()
    {
        int number = Interlocked.Increment(ref _next);
        return $"10.77.{1 + number / 250}.{1 + number % 250}";
    }
}
