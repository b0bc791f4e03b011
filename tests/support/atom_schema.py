"""Atom as our feeds write it, in RELAX NG: what RFC 4287 asks of a feed and its entries, RFC 6721 of a tombstone.

Written by us after the two RFCs, for the elements that we use; anything else in a feed is a fault.
"""

from __future__ import annotations

from lxml import etree

_SCHEMA = """
<grammar xmlns="http://relaxng.org/ns/structure/1.0" ns="http://www.w3.org/2005/Atom"
         datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes">
  <start>
    <element name="feed">
      <interleave>
        <ref name="identity"/>
        <oneOrMore><ref name="author"/></oneOrMore>
        <element name="generator"><text/></element>
        <oneOrMore><ref name="link"/></oneOrMore>
        <zeroOrMore><ref name="entry"/></zeroOrMore>
        <zeroOrMore><ref name="tombstone"/></zeroOrMore>
      </interleave>
    </element>
  </start>
  <define name="identity">
    <interleave>
      <element name="id"><data type="anyURI"><param name="pattern">[a-z][a-z0-9+.\\-]*:.+</param></data></element>
      <element name="title"><text/></element>
      <element name="updated"><ref name="moment"/></element>
    </interleave>
  </define>
  <define name="moment">
    <data type="dateTime"><param name="pattern">.+T.+(Z|[+\\-][0-9]{2}:[0-9]{2})</param></data>
  </define>
  <define name="author">
    <element name="author">
      <element name="name"><data type="token"><param name="minLength">1</param></data></element>
    </element>
  </define>
  <define name="link">
    <element name="link">
      <attribute name="rel">
        <choice><value>self</value><value>alternate</value><value>related</value></choice>
      </attribute>
      <attribute name="href"><data type="anyURI"><param name="pattern">https?://.+</param></data></attribute>
      <attribute name="type"/>
      <empty/>
    </element>
  </define>
  <define name="entry">
    <element name="entry">
      <optional>
        <attribute name="xml:lang"><data type="language"/></attribute>
      </optional>
      <interleave>
        <ref name="identity"/>
        <element name="published"><ref name="moment"/></element>
        <ref name="author"/>
        <oneOrMore><ref name="link"/></oneOrMore>
        <zeroOrMore><element name="category"><attribute name="term"/><empty/></element></zeroOrMore>
        <optional><element name="summary"><text/></element></optional>
        <element name="content"><attribute name="type"><value>html</value></attribute><text/></element>
      </interleave>
    </element>
  </define>
  <define name="tombstone">
    <element name="deleted-entry" ns="http://purl.org/atompub/tombstones/1.0">
      <attribute name="ref" ns=""><data type="anyURI"/></attribute>
      <attribute name="when" ns=""><ref name="moment"/></attribute>
      <interleave>
        <element name="comment" ns="http://purl.org/atompub/tombstones/1.0"><text/></element>
        <zeroOrMore><ref name="link"/></zeroOrMore>
      </interleave>
    </element>
  </define>
</grammar>
"""

ATOM = etree.RelaxNG(etree.fromstring(_SCHEMA))
