namespace Lumos.Drivers.Datasets.ZfsStream;

/// <summary>What the master node of a file system leads to: its root directory and the layouts of attributes.</summary>
/// <param name="Root">The root directory's object.</param>
/// <param name="Attributes">Null: a file system before ZPL version 5, whose attributes have one fixed layout.</param>
internal sealed record FileSystemTables(ulong Root, SystemAttributes? Attributes)
{
    private const ulong MasterNode = 1;

    public static FileSystemTables Read(Staging staging, NotCarriedList notCarried, Func<string, DatasetException> invalid)
    {
        if (staging.Find(MasterNode) is not { Type: ObjectTypes.MasterNode } master)
        {
            throw invalid("holds no file system: its master node is missing");
        }
        DatasetException Damaged(string why) => invalid($"is damaged: {why}");
        IEnumerable<ZapEntry> Table(StagedObject table) => ZapTable.Read(staging.Blocks(table), table.BlockSize, Damaged);
        Dictionary<string, ulong> Numbers(StagedObject table)
        {
            var numbers = new Dictionary<string, ulong>();
            foreach (var entry in Table(table).Where(e => e.Values.Length == 1))
            {
                numbers[SendStreamReader.Shown(entry.Name)] = entry.Values[0];
                if (numbers.Count > 4096)
                {
                    throw invalid("has a master node with thousands of entries");
                }
            }
            return numbers;
        }
        StagedObject Named(Dictionary<string, ulong> numbers, string name, int type) =>
            numbers.TryGetValue(name, out ulong number) && staging.Find(number) is { } found && found.Type == type
                ? found
                : throw invalid($"holds no whole file system: its table {name} is missing");

        var names = Numbers(master);
        if (names.GetValueOrDefault("casesensitivity") != 0)
        {
            notCarried.AddOnce("finding files without regard to case");
        }
        if (names.GetValueOrDefault("normalization") != 0)
        {
            notCarried.AddOnce("finding files by other spellings of the same characters");
        }
        ulong root = Named(names, "ROOT", ObjectTypes.DirectoryContents).Number;
        if (!names.ContainsKey("SA_ATTRS"))
        {
            return new FileSystemTables(root, null);
        }
        var attributes = Numbers(Named(names, "SA_ATTRS", ObjectTypes.SystemAttributesMaster));
        var registry = Named(attributes, "REGISTRY", ObjectTypes.AttributeRegistration);
        var layouts = Named(attributes, "LAYOUTS", ObjectTypes.AttributeLayouts);
        return new FileSystemTables(root, new SystemAttributes(Table(registry), Table(layouts), Damaged));
    }
}
