using Lumos.Core;
using Lumos.Zones.Config;

namespace Lumos.Zones.Configure;

/// <summary>What a new configuration begins as.</summary>
internal static class ConfigTemplate
{
    /// <summary>In the zonepath of a detached zone: its configuration.</summary>
    internal const string DetachedFile = "SUNWdetached.xml";

    /// <exception cref="LumosException">There is no such template, or it cannot be read.</exception>
    internal static ZoneConfig Make(ZoneConfigStore store, ZoneName name, ConfigCommand command)
    {
        if (command.Option('a') is { } path)
        {
            string file = Path.Combine(path, DetachedFile);
            return File.Exists(file)
                ? ZoneConfigXml.Read(File.ReadAllText(file), file) with { ZonePath = path.TrimEnd('/'), ZoneDid = null }
                : throw new LumosException("NotDetached", $"{path} is not the path of a detached zone: it holds no {DetachedFile}");
        }
        return command.Option('t') switch
        {
            null or "SUNWdefault" or "SUNWblank" or "SUNWjoyent" => Blank(name, ZoneBrand.Joyent),
            "SUNWjoyent-minimal" => Blank(name, ZoneBrand.JoyentMinimal),
            "SUNWlx" => Blank(name, ZoneBrand.Lx),
            { } other => store.Load(ZoneName.Parse(other)) with { ZoneDid = null },
        };
    }

    private static ZoneConfig Blank(ZoneName name, ZoneBrand brand) => new() { Name = name, ZonePath = "", Brand = brand };
}
