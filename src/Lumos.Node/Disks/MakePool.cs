using Lumos.Cli;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Pools;

namespace Lumos.Node.Disks;

/// <summary>mkzpool: makes a pool as a layout file says.</summary>
internal static class MakePool
{
    /// <summary>
    /// What every pool's first file system is given: no access times (as SmartOS), and the ACLs and extended attributes that
    /// Linux user lands expect, kept beside the file's other attributes. Compression is OpenZFS's own default (lz4).
    /// </summary>
    internal static IReadOnlyDictionary<string, string> FileSystemProperties { get; } = new Dictionary<string, string>
    {
        ["atime"] = "off",
        ["acltype"] = "posixacl",
        ["xattr"] = "sa",
    };

    internal static int Run(AppletContext context, IPools pools)
    {
        var args = new ArgParser().Flag('B').Flag('e').Flag('f').Parse(context.Args);
        if (args.Operands.Count != 2)
        {
            throw new UsageException("usage: mkzpool [-f] POOL LAYOUT.json");
        }
        if (args.Has('B'))
        {
            throw new UsageException("mkzpool -B: pools to boot from are not supported yet; make it without -B and boot from the medium");
        }
        if (args.Has('e'))
        {
            throw new UsageException("mkzpool -e: encrypted pools are not supported yet; make it without -e");
        }
        string name = args.Operands[0], file = args.Operands[1];
        if (!DatasetName.TryParse(name, out var dataset) || dataset.Parent is not null)
        {
            throw new UsageException($"\"{name}\" cannot be the name of a pool");
        }
        var layout = PoolLayoutJson.Read(File.ReadAllText(file), file);
        pools.Create(new PoolToCreate
        {
            Name = name,
            Vdevs = layout.ZpoolWords(),
            FileSystemProperties = FileSystemProperties,
            Force = args.Has('f'),
        });
        return ExitStatus.Success;
    }
}
