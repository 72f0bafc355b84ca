using Lumos.Linux.Polling;

namespace Lumos.Vm.Metadata.Agent;

/// <summary>What the endpoints of all zones share. All on the loop's thread.</summary>
/// <param name="loop">Whose thread everything here runs on.</param>
/// <param name="clock">For limits of time.</param>
/// <param name="serve">Has a zone's next requests carried out, and sees to it that time passes for it.</param>
internal sealed class MetadataAgentLoop(EventLoop loop, TimeProvider clock, Action<ZoneEndpoint> serve)
{
    internal EventLoop Loop => loop;

    internal TimeProvider Clock => clock;

    /// <summary>Where what clients send is read to; one turn of the loop uses it at a time.</summary>
    internal byte[] ReadBuffer { get; } = new byte[64 << 10];

    /// <summary>Connections of all zones.</summary>
    internal int Connections { get; set; }

    /// <summary>Machines at whose second serial port nobody answers now.</summary>
    internal int Unjoined { get; set; }

    /// <summary>Zones that are paused.</summary>
    internal int Paused { get; set; }

    internal void Serve(ZoneEndpoint endpoint) => serve(endpoint);
}
