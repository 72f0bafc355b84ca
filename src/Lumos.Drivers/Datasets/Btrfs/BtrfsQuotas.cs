using Lumos.Linux.Btrfs;
using Lumos.Linux.Files;

namespace Lumos.Drivers.Datasets.Btrfs;

/// <summary>
/// Space accounting by btrfs's simple quotas (kernel 6.7).
/// <para>
/// Why simple ones: they charge an extent once, to the subvolume that allocated it, for as long as anything refers to it. That
/// is ZFS's "used" to the letter (a clone starts at nothing, what a snapshot holds on to is still charged to its dataset),
/// and costs nothing when a snapshot is taken. Full quota groups count sharing anew at each commit, which grows with
/// snapshots and is what makes btrfs slow with quotas on.
/// </para>
/// <para>
/// Each dataset has a group LEVEL/ID, where ID is the dataset's and LEVEL falls with its depth in the tree: a group lies in its parent's
/// group, and the dataset's subvolumes (live, snapshots, those that a rollback replaced) lie in its own. So a group holds
/// what ZFS calls used, children included, and a quota is the group's limit. refquota limits the live subvolume alone.
/// </para>
/// <para>
/// Groups are made before the subvolume that is born into them and are durable with it. A group can go only when its last
/// extent has, which the kernel frees in the background; until then it is remembered in dead-groups. <see cref="Mend"/>
/// brings groups to what the tree of datasets says, whatever was cut short.
/// </para>
/// </summary>
internal sealed class BtrfsQuotas(BtrfsLayout layout)
{
    /// <summary>Names have 255 characters, so no dataset lies deeper than the least level.</summary>
    private const int TopLevel = 1000, LeastLevel = TopLevel - 128;

    private bool? _on;

    /// <summary>Whether this file system counts.</summary>
    public bool On => _on ??= TreeSearch.HasGroups(layout.Live);

    public static ulong GroupOf(BtrfsNode node) => GroupAt(node.Depth, node.Id);

    public static ulong GroupAt(int depth, ulong id) => QuotaGroups.Number(TopLevel - depth, id);

    /// <summary>Makes the group of a dataset to come; what its subvolume is to be born into.</summary>
    public ulong[] Prepare(BtrfsNode? parent, ulong id, long quota) =>
        Prepare(parent is null ? 0 : parent.Depth + 1, id, parent?.Id ?? 0, quota);

    /// <inheritdoc cref="Prepare(BtrfsNode?, ulong, long)"/>
    public ulong[] Prepare(int depth, ulong id, ulong parent, long quota)
    {
        if (!On)
        {
            return [];
        }
        ulong group = GroupAt(depth, id);
        QuotaGroups.Create(layout.Live, group);
        if (depth > 0)
        {
            QuotaGroups.Assign(layout.Live, group, GroupAt(depth - 1, parent));
        }
        if (quota > 0)
        {
            QuotaGroups.Limit(layout.Live, group, quota);
        }
        return [group];
    }

    /// <summary>What another subvolume of a dataset is to be born into.</summary>
    public ulong[] Of(BtrfsNode node) => On ? [GroupOf(node)] : [];

    public void Adopt(string subvolume, ulong group)
    {
        if (On)
        {
            QuotaGroups.Assign(layout.Live, Subvolume.Info(subvolume).TreeId, group);
        }
    }

    public void Limit(BtrfsNode node, long quota)
    {
        if (On)
        {
            QuotaGroups.Limit(layout.Live, GroupOf(node), quota);
        }
    }

    public void LimitReferenced(string subvolume, long bytes)
    {
        if (On)
        {
            QuotaGroups.Limit(layout.Live, Subvolume.Info(subvolume).TreeId, bytes);
        }
    }

    /// <summary>Remembers the groups of datasets that go; see <see cref="Sweep"/>.</summary>
    public void Retire(IEnumerable<ulong> groups)
    {
        if (!On)
        {
            return;
        }
        foreach (ulong group in groups)
        {
            File.Create(Path.Combine(layout.DeadGroups, group.ToString("x", System.Globalization.CultureInfo.InvariantCulture))).Dispose();
        }
    }

    /// <summary>Takes away remembered groups that hold nothing any more.</summary>
    /// <param name="atLeast">Does nothing while fewer are remembered: each look costs one at all groups there are.</param>
    public void Sweep(int atLeast = 1)
    {
        var dead = BtrfsLayout.Entries(layout.DeadGroups);
        if (!On || dead.Count < atLeast)
        {
            return;
        }
        var members = TreeSearch.GroupRelations(layout.Live).ToLookup(r => r.Group, r => r.Member);
        foreach (string name in dead)
        {
            if (LiveName.TryHex(name, out ulong group) && members[group].ToList().TrueForAll(TryRemove) && TryRemove(group))
            {
                File.Delete(Path.Combine(layout.DeadGroups, name));
            }
        }
    }

    /// <summary>Makes groups, members and limits what the tree says. For after a rename to elsewhere, and after a cut.</summary>
    public void Mend(BtrfsTree tree, BtrfsValues values, BtrfsNode from)
    {
        if (!On)
        {
            return;
        }
        // What is as it should be costs a look only: there are as many relations as subvolumes.
        var relations = TreeSearch.GroupRelations(layout.Live);
        var groupsOf = relations.ToLookup(r => r.Member, r => r.Group);
        var membersOf = relations.ToLookup(r => r.Group, r => r.Member);
        var groups = TreeSearch.GroupUsage(layout.Live).Keys.Where(g => QuotaGroups.LevelOf(g) > 0).ToHashSet();
        var groupsOfId = groups.ToLookup(QuotaGroups.IdOf);
        var numbers = from == tree.Root ? TreeSearch.Subvolumes(layout.Live) : [];
        ulong liveInode = FileStatus.Of(layout.Live).Inode;
        if (from == tree.Root)
        {
            Retire(groups.Where(g => QuotaGroups.LevelOf(g) is >= LeastLevel and <= TopLevel && tree.Find(QuotaGroups.IdOf(g)) is null));
        }
        foreach (var node in from.Tree())
        {
            ulong group = GroupOf(node);
            if (!groups.Contains(group))
            {
                QuotaGroups.Create(layout.Live, group);
            }
            QuotaGroups.Limit(layout.Live, group, values.Number(node, "quota"));
            if (node.Parent is not null)
            {
                foreach (ulong other in groupsOf[group].Where(g => g != GroupOf(node.Parent)))
                {
                    QuotaGroups.Unassign(layout.Live, group, other);
                }
                Assign(group, GroupOf(node.Parent));
            }
            // Subvolumes that are gone but not yet freed are known by the group of another level alone.
            foreach (ulong old in groupsOfId[node.Id].Where(g => g != group))
            {
                foreach (ulong member in membersOf[old])
                {
                    QuotaGroups.Unassign(layout.Live, member, old);
                    if (QuotaGroups.LevelOf(member) == 0)
                    {
                        Assign(member, group);
                    }
                }
                _ = TryRemove(old);
            }
            Assign(NumberOf(layout.Live, liveInode, node.Live.FileName), group);
            string folder = layout.SnapshotsOf(node.Id);
            ulong inode = tree.SnapshotsOf(node).Count > 0 ? FileStatus.Of(folder).Inode : 0;
            foreach (var snapshot in tree.SnapshotsOf(node))
            {
                Assign(NumberOf(folder, inode, snapshot.FileName), group);
            }
        }

        ulong NumberOf(string folder, ulong inode, string name) =>
            numbers.TryGetValue((inode, name), out ulong number) ? number : Subvolume.Info(Path.Combine(folder, name)).TreeId;

        void Assign(ulong member, ulong group)
        {
            if (!relations.Contains((member, group)))
            {
                QuotaGroups.Assign(layout.Live, member, group);
            }
        }
    }

    private bool TryRemove(ulong group) => QuotaGroups.TryRemove(layout.Live, group);
}
