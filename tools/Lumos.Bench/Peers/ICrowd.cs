namespace Lumos.Bench.Peers;

/// <summary>A peer whose daemon keeps records of its zones: what a thousand of them cost can be measured.</summary>
internal interface ICrowd
{
    /// <summary>Why others are not measured so.</summary>
    const string Absent = "no daemon that keeps records";

    /// <summary>Configures zones that do not run, each with snapshots.</summary>
    void Fill(int zones, int snapshotsOfEach, CrowdClock clock);

    /// <summary>Stops the daemon that answers; zones stay.</summary>
    void StopDaemon();

    /// <summary>Starts it, and asks until it has answered a listing.</summary>
    void StartDaemon();
}
