using Lumos.Core;
using Lumos.Core.Boot;
using Lumos.Core.Configuration;
using Lumos.Drivers.Files;
using Lumos.Network.Model;

namespace Lumos.Network.Actions;

/// <summary>Where the network's configuration is read from and written to.</summary>
public sealed class ConfigStore(NetworkPaths paths, Func<BootArguments> boot)
{
    /// <summary>Whether the configuration persists.</summary>
    public bool IsPersistent => File.Exists(paths.Config);

    /// <summary>The file that a change is written to.</summary>
    public string Path => IsPersistent ? paths.Config : paths.RamConfig;

    /// <summary>/usbkey/config; without it the boot arguments and what was set since boot.</summary>
    /// <exception cref="LumosException">BadConfigFile.</exception>
    public ShellConfig Read()
    {
        if (IsPersistent)
        {
            return ShellConfig.Parse(File.ReadAllText(paths.Config), paths.Config);
        }
        return File.Exists(paths.RamConfig)
            ? ShellConfig.Parse(File.ReadAllText(paths.RamConfig), paths.RamConfig)
            : NetworkConfigReader.FromBoot(boot());
    }

    /// <summary>Reads and checks.</summary>
    public NetworkSpec ReadSpec() => NetworkConfigReader.Read(Read());

    /// <summary>Writes as a whole; call it under the lock "network".</summary>
    public void Write(ShellConfig config)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
        AtomicFile.Write(Path, config.ToString());
    }
}
