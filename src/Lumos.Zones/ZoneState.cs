namespace Lumos.Zones;

/// <summary>The raw states of a zone, as illumos names them (vmadm's own states are derived from these).</summary>
public enum ZoneState
{
    /// <summary>It has a configuration and nothing else.</summary>
    Configured,

    /// <summary>Its installation or removal was begun and not finished.</summary>
    Incomplete,

    /// <summary>It has a root and is not running.</summary>
    Installed,

    /// <summary>Its namespaces, mounts and links stand; init has not been started.</summary>
    Ready,

    /// <summary>Its root is mounted for maintenance.</summary>
    Mounted,

    /// <summary>Its init runs.</summary>
    Running,

    /// <summary>A shutdown or halt is under way.</summary>
    ShuttingDown,

    /// <summary>Its init is gone, what it used is not yet cleaned away.</summary>
    Down,
}

/// <summary>What a state allows, asked of the state.</summary>
public static class ZoneStates
{
    extension(ZoneState state)
    {
        /// <summary>Boot may be asked for (a zone that is down is cleaned up first).</summary>
        public bool CanBoot => state is ZoneState.Installed or ZoneState.Ready or ZoneState.Down;

        /// <summary>Halt has something to do.</summary>
        public bool CanHalt => state is ZoneState.Ready or ZoneState.Mounted or ZoneState.Running
            or ZoneState.ShuttingDown or ZoneState.Down;

        /// <summary>A graceful shutdown can be asked of its init.</summary>
        public bool CanShutdown => state is ZoneState.Running or ZoneState.ShuttingDown;

        /// <summary>A process can be started inside.</summary>
        public bool CanEnter => state is ZoneState.Running or ZoneState.ShuttingDown;

        /// <summary>Its configuration, or its dataset, may be taken away.</summary>
        public bool CanUninstall => state is ZoneState.Configured or ZoneState.Incomplete or ZoneState.Installed;

        /// <summary>The state is kept in /etc/zones/index; the others are seen in the kernel and under /run.</summary>
        public bool IsStored => state is ZoneState.Configured or ZoneState.Incomplete or ZoneState.Installed;

        /// <summary>The word SmartOS prints: <c>shutting_down</c> and so on.</summary>
        public string Word => state switch
        {
            ZoneState.Configured => "configured",
            ZoneState.Incomplete => "incomplete",
            ZoneState.Installed => "installed",
            ZoneState.Ready => "ready",
            ZoneState.Mounted => "mounted",
            ZoneState.Running => "running",
            ZoneState.ShuttingDown => "shutting_down",
            ZoneState.Down => "down",
            _ => throw new ArgumentOutOfRangeException(nameof(state)),
        };
    }

    /// <summary>Reads SmartOS's word for a state.</summary>
    public static bool TryParse(string word, out ZoneState state)
    {
        foreach (var each in Enum.GetValues<ZoneState>())
        {
            if (each.Word == word)
            {
                state = each;
                return true;
            }
        }
        state = default;
        return false;
    }
}
